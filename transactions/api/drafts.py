"""REST: drafts of several libraries from one body, as a consortium's system exports them."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, cast

from rest_framework.request import Request

from connecticard import clock
from connecticard.api_bodies import CsvBody, JsonBody, a_list, an_object
from connecticard.api_problems import PROBLEMS, Mistake, Refused
from connecticard.api_rendering import API_ROOT
from connecticard.api_writing import ActViewSet, Answer, Write, writes
from libraries.models import Library
from transactions import services
from transactions.api.counts_sent import (
    COUNT_OF_LENDER,
    CountsSent,
    from_csv_of_lenders,
    from_json_of_lenders,
)
from transactions.api.holding import WritingFilings
from transactions.api.reading import filing_key
from transactions.api.records import SavedDraftsRecord
from transactions.models import Filing, FilingPeriod
from transactions.rules._wording import written_month
from transactions.rules.filing_calendar import period_containing
from transactions.services import MemberDraft
from transactions.services.holidays import days_closed
from transactions.services.roster import cadences_of

LARGEST = 24_000_000
MOST = 100_000

_Sent = Mapping[int, CountsSent]
_CSV = (
    "In UTF-8, with a heading: lender, home_library, month and loans; or lender, home_library and a column "
    "for each month, headed 2026-03. Libraries by key. An empty cell is a blank, 0 is none lent, n/c is not "
    "counted."
)
_BODY = JsonBody(
    an_object({"counts": a_list(COUNT_OF_LENDER, least=1, most=MOST, description="Each count once.")}),
    {"counts": [{"lender": "CT0012", "home_library": "CT0001", "month": "2026-03-01", "loans": 412}]},
)


def _read_csv(lines: Iterator[str], request: Request) -> _Sent:
    return from_csv_of_lenders(lines)


_CSV_BODY = CsvBody(
    _CSV, "lender,home_library,2026-03,2026-04\r\nCT0012,CT0001,412,398\r\nCT0013,CT0001,n/c,0\r\n", _read_csv
)
_RULES = "Counts are not accepted by the rules; or the Idempotency-Key was used before."
BEGIN = Write(
    operation="begin-filing-drafts",
    summary="Begin filings of several libraries with their counts",
    body=_BODY,
    csv=_CSV_BODY,
    answers=SavedDraftsRecord,
    says="The drafts.",
    largest=LARGEST,
    refusals={409: "A filing is on record for one of them, or its period is not open.", 422: _RULES},
)
CHANGE = Write(
    operation="change-filing-drafts",
    summary="Put counts into drafts of several libraries",
    body=_BODY,
    csv=_CSV_BODY,
    answers=SavedDraftsRecord,
    says="The drafts.",
    largest=LARGEST,
    refusals={409: "One of them is submitted or certified, or its period is not open.", 422: _RULES},
)


class DraftsViewSet(WritingFilings, ActViewSet):
    """Drafts of several libraries."""

    resource = "filing-drafts"

    @writes(BEGIN)
    def create(self, request: Request, body: Any) -> Answer:
        """Begin a filing by month for each library and period that the counts name, with these counts. All
        are begun or none; where one of them has a filing already, nothing is done."""
        return self._save(_sent(body), onto_drafts=False)

    @writes(CHANGE)
    def change(self, request: Request, body: Any) -> Answer:
        """Put counts into the drafts of several libraries, as they stand: a count that is named is replaced,
        whoever entered it, and the others stay. A draft that is not begun is begun. All are saved or none."""
        return self._save(_sent(body), onto_drafts=True)

    def _save(self, sent: _Sent, *, onto_drafts: bool) -> Answer:
        drafts = drafts_of(sent, onto_drafts=onto_drafts)
        outcomes = services.save_member_drafts(drafts=drafts, by=self.person, at=clock.now())
        mistakes: list[Mistake] = []
        for outcome in outcomes:
            if outcome.cells:
                mistakes += sent[outcome.library.pk].as_mistakes(outcome.cells)
            elif outcome.problem:
                mistakes.append(_conflict(outcome.library, outcome.problem))
        if mistakes:
            raise Refused(mistakes, 422 if all(each.code == "not_accepted" for each in mistakes) else 409)
        root = self.request.build_absolute_uri(API_ROOT)
        keys = [filing_key(outcome.filing) for outcome in outcomes if outcome.filing is not None]
        return Answer(
            {
                "saved": [
                    {
                        "library": draft.library.key,
                        "filing": key,
                        "begun": draft.filing is None,
                        "cells": len(draft.cells),
                        "filing_url": f"{root}filings/{key}/",
                    }
                    for draft, key in zip(drafts, keys, strict=True)
                ]
            }
        )


def drafts_of(sent: _Sent, *, onto_drafts: bool) -> list[MemberDraft]:
    """Return what to save for each library and period, in order of keys. Refused where a period is closed to
    entry or, unless counts go onto drafts, a filing is on record."""
    libraries = Library.objects.filter(pk__in=sent).select_related("town").order_by("key")
    cadences = cadences_of(list(libraries))
    closed = days_closed()
    drafts: list[MemberDraft] = []
    mistakes: list[Mistake] = []
    for library in libraries:
        by_period: dict[tuple[str, date], dict[Any, Any]] = {}
        for (home, month), loans in sent[library.pk].cells.items():
            owed = period_containing(cast(date, month), cadences[library.pk], closed)
            cells = by_period.setdefault((owed.cadence.value, owed.span.first_day), {})
            cells[home, month] = loans
        for (cadence, first_day), cells in sorted(by_period.items()):
            period = FilingPeriod.objects.filter(cadence=cadence, first_day=first_day).first()
            if period is None:
                said = f"{library} files no period that is open for entry in {written_month(first_day)}."
                mistakes.append(_conflict(library, said))
                continue
            begun = Filing.objects.filter(library=library, period=period).select_related("library", "period")
            draft = begun.open().first() if onto_drafts else None
            drafts.append(MemberDraft(library, period, draft, None, cells))
    if mistakes:
        raise Refused(mistakes, 409)
    return drafts


def _sent(body: Any) -> _Sent:
    """Return counts by lender: a body of CSV was read as it came, one of JSON is still as it was sent."""
    if "counts" in body:
        return from_json_of_lenders(body["counts"])
    return cast(_Sent, body)


def _conflict(library: Library, detail: str) -> Mistake:
    return Mistake("conflict", library.key, detail, PROBLEMS["conflict"][1])
