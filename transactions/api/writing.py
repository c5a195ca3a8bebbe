"""REST: filings begun and filled in, by the services of the pages."""

from collections.abc import Iterator
from typing import Any

from rest_framework.request import Request

from connecticard import clock
from connecticard.api_bodies import CsvBody, Json, JsonBody, a_key, a_list, an_object, one_of
from connecticard.api_problems import PROBLEMS, Mistake, Refused
from connecticard.api_writing import (
    Answer,
    Write,
    writes,
)
from connecticard.permissions import Action
from libraries.models import Library
from transactions import services
from transactions.api import reading
from transactions.api.counts_sent import CELL, COUNT, CountsSent, from_csv, from_json
from transactions.api.filters import period_named
from transactions.api.holding import NOT_NOW, WritingFilings
from transactions.api.records import FilingRecord
from transactions.models import Filing, FilingBasis, FilingPeriod
from transactions.services import CountsRefused

LARGEST_COUNTS = 4_000_000
"""Bytes of the counts of one filing; all home libraries by month take a tenth."""
MOST_CELLS = 20_000

_BY_RULE = "Counts, or what they say, are not accepted by the rules; or the Idempotency-Key was used before."
_BASIS = one_of(list(FilingBasis), "Whether counts are by month, or one total for the period.")


# Beginning and giving up

BEGIN = Write(
    operation="begin-filing",
    summary="Begin a filing",
    body=JsonBody(
        an_object(
            {
                "library": a_key("Key of the library that files.", example="CT0012"),
                "period": a_key("Id of the filing period.", example="semiannual-2026-09-01"),
                "basis": _BASIS,
            },
            optional=["basis"],
        ),
        {"library": "CT0012", "period": "semiannual-2026-09-01"},
    ),
    answers=FilingRecord,
    status=201,
    says="The filing: an empty draft.",
    refusals={
        409: "The period is not open for entry or not one of the library's, or a filing is on record.",
        422: "There is no such library or period; or the Idempotency-Key was used before.",
    },
)
DISCARD = Write(
    operation="discard-filing",
    summary="Undo an amendment that is not certified",
    status=204,
    says="The version is removed; the certified one counts as before.",
    if_match=True,
    refusals={409: "It is certified, or the only version."},
)


class FilingViewSet(WritingFilings, reading.FilingViewSet):
    __doc__ = reading.FilingViewSet.__doc__

    @writes(BEGIN)
    def create(self, request: Request, body: Json) -> Answer:
        """Begin the filing of a library for a period, as an empty draft, by month unless said. A certified
        filing is amended by reopening it."""
        library = Library.objects.filter(key=body["library"]).first()
        condition = period_named(body["period"])
        period = FilingPeriod.objects.filter(condition).first() if condition is not None else None
        missing = [
            Mistake(
                "not_on_record",
                f"/{name}",
                f"There is no {name} {body[name]!r}.",
                PROBLEMS["not_on_record"][1],
            )
            for name, found in (("library", library), ("period", period))
            if found is None
        ]
        if library is None or period is None:
            raise Refused(missing, 422)
        filing = services.start_filing(
            library=library,
            period=period,
            basis=FilingBasis(body.get("basis", FilingBasis.BY_MONTH)),
            by=self.person,
            at=clock.now(),
        )
        return self.shown(filing, is_new=True)

    @writes(DISCARD)
    def destroy(self, request: Request, body: None, id: str) -> Answer:
        """Give up a later version that is not certified; what it said is kept in the audit trail, and its
        receipts stay on record, withdrawn."""
        filing = self.hold(id, Action.REOPEN_FILING)
        services.discard_version(filing=filing, by=self.person, at=clock.now())
        return Answer()


# Counts

_COUNTS = a_list(COUNT, most=MOST_CELLS, description="Each home library and month at most once.")
_NOTHING = {
    "type": "boolean",
    "description": "Says for the whole filing that nothing was lent: a zero return. Then no count is needed.",
}
_CSV = (
    "In UTF-8, with a heading: home_library, month and loans; or home_library and a column for each month, "
    "headed 2026-03; or home_library and loans for totals of the period. Libraries by key. An empty cell is "
    "a blank, 0 is none lent, n/c is not counted."
)


def _read_csv(lines: Iterator[str], request: Request) -> CountsSent:
    return from_csv(lines)


PUT_COUNTS = Write(
    operation="put-loan-counts",
    summary="Put all counts of a filing",
    body=JsonBody(
        an_object(
            {"counts": _COUNTS, "nothing_lent": _NOTHING, "basis": _BASIS}, optional=["nothing_lent", "basis"]
        ),
        {
            "counts": [
                {"home_library": "CT0001", "month": "2026-03-01", "loans": 412},
                {"home_library": "CT0003", "month": "2026-03-01", "loans": 0},
                {"home_library": "CT0004", "month": "2026-03-01", "loans": None},
            ]
        },
    ),
    csv=CsvBody(
        _CSV, "home_library,2026-03,2026-04\r\nCT0001,412,398\r\nCT0003,0,7\r\nCT0004,n/c,\r\n", _read_csv
    ),
    answers=FilingRecord,
    says="The filing as it stands now.",
    if_match=True,
    largest=LARGEST_COUNTS,
    refusals={409: NOT_NOW, 422: _BY_RULE},
)
CHANGE_COUNTS = Write(
    operation="change-loan-counts",
    summary="Change some counts of a filing",
    body=JsonBody(
        an_object(
            {
                "counts": _COUNTS,
                "delete": a_list(CELL, most=MOST_CELLS, description="Counts that become blanks."),
                "nothing_lent": _NOTHING,
            },
            optional=["counts", "delete", "nothing_lent"],
        )
        | {"minProperties": 1},
        {
            "counts": [{"home_library": "CT0001", "month": "2026-03-01", "loans": 415}],
            "delete": [{"home_library": "CT0003", "month": "2026-03-01"}],
        },
    ),
    answers=FilingRecord,
    says="The filing as it stands now.",
    if_match=True,
    largest=LARGEST_COUNTS,
    refusals={409: NOT_NOW, 422: _BY_RULE},
)


class LoanCountViewSet(WritingFilings, reading.LoanCountViewSet):
    __doc__ = reading.LoanCountViewSet.__doc__

    @writes(PUT_COUNTS)
    def replace(self, request: Request, body: Json | CountsSent, filing: str) -> Answer:
        """Save all counts of a draft; what is not given becomes a blank. All are saved or none. Where
        nothing_lent is left out it is false, where basis is left out the filing keeps its own; months that
        stand are gone when a filing changes to totals, and the other way round."""
        if isinstance(body, CountsSent):
            sent, nothing_lent, basis = body, False, None
        else:
            sent, nothing_lent = from_json(body["counts"]), body.get("nothing_lent", False)
            basis = body.get("basis")
        held = self.hold(filing, Action.ENTER_COUNTS)
        if basis is not None and basis != held.basis:
            held = services.change_basis(
                filing=held,
                basis=FilingBasis(basis),
                by=self.person,
                at=clock.now(),
                expected=held.revision,
            )
        blanks = dict.fromkeys(held.loan_counts.by_cell())
        return self._save(held, sent, {**blanks, **sent.cells}, nothing_lent)

    @writes(CHANGE_COUNTS)
    def change(self, request: Request, body: Json, filing: str) -> Answer:
        """Save some counts of a draft; what is not named stays. All are saved or none."""
        sent = from_json(body.get("counts", ()), body.get("delete", ()))
        held = self.hold(filing, Action.ENTER_COUNTS)
        return self._save(held, sent, sent.cells, body.get("nothing_lent"))

    def _save(self, held: Filing, sent: CountsSent, cells: Any, nothing_lent: bool | None) -> Answer:
        try:
            saved = services.save_counts(
                filing=held,
                counts=cells,
                nothing_lent=nothing_lent,
                by=self.person,
                at=clock.now(),
                expected=held.revision,
            )
        except CountsRefused as refused:
            raise Refused(sent.as_mistakes(refused.problems), 422) from refused
        return self.shown(saved)
