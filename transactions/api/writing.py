"""REST: filings begun, filled in, submitted, certified and amended, by the services of the pages."""

from collections.abc import Iterator
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework.request import Request

from connecticard import clock
from connecticard.api_bodies import CsvBody, Json, JsonBody, a_key, a_list, a_text, an_object, one_of, or_null
from connecticard.api_problems import PROBLEMS, Mistake, Refused
from connecticard.api_rendering import API_ROOT, rows
from connecticard.api_views import etag_of
from connecticard.api_writing import (
    ActViewSet,
    Answer,
    Write,
    WritingView,
    changed_meanwhile,
    conflict,
    refuse_changed,
    writes,
)
from connecticard.models import User
from connecticard.permissions import Action
from connecticard.second_factor import SecondFactorRefused, confirm
from libraries.models import Library
from transactions import services
from transactions.api import reading
from transactions.api.counts_sent import CELL, COUNT, CountsSent, from_csv, from_json
from transactions.api.filters import day_of, filing_named, period_named
from transactions.api.reading import filing_row, findings_of, visible_filings
from transactions.api.records import FilingRecord, FindingsRecord, ReceiptRecord
from transactions.models import Explanation, Filing, FilingBasis, FilingPeriod, FilingReceipt
from transactions.rules.explanations import Reason
from transactions.rules.filing_checks import Tier
from transactions.rules.filing_status import FilingStatus
from transactions.rules.receipt_numbers import ReceiptKind
from transactions.services import Answer as Explained
from transactions.services import CountsRefused, FilingChanged, FilingRefused, NotCertifiable

LARGEST_COUNTS = 4_000_000
"""Bytes of the counts of one filing; all home libraries by month take a tenth."""
MOST_CELLS = 20_000

_NOT_NOW = "The filing, as it stands, does not permit this."
_BY_RULE = "Counts, or what they say, are not accepted by the rules; or the Idempotency-Key was used before."
_REASON = an_object({"reason": a_text("Kept with the filing; people read it.")})
_BASIS = one_of(list(FilingBasis), "Whether counts are by month, or one total for the period.")


class WritingFilings(WritingView):
    """Mixed into routes that write about filings."""

    def refusal_of(self, error: Exception) -> Refused | None:
        match error:
            case FilingChanged():
                return changed_meanwhile()
            case CountsRefused():
                return Refused(CountsSent().as_mistakes(error.problems), 422)
            case FilingRefused():
                return conflict(str(error))
        return None

    @property
    def person(self) -> User:
        """Who writes."""
        return cast(User, self.request.user)

    def hold(self, key: str, action: Action) -> Filing:
        """Return the filing that a key names and let nobody else change it until the transaction ends.

        Http404 where the person does not see it, PermissionDenied where they may not do this, Refused where
        it is not as they have read it.
        """
        condition = filing_named(key)
        if condition is None:
            raise Http404(f"There is no filing {key!r} that you may see.")
        filing: Filing | None = visible_filings(self.person, action).filter(condition).first()
        if filing is None:
            seen = visible_filings(self.person).filter(condition).select_related("library").first()
            if seen is None:
                raise Http404(f"There is no filing {key!r} that you may see.")
            raise PermissionDenied(f"You may not {action.value} for {seen.library}.")
        try:
            filing = services.hold_filing(filing)
        except Filing.DoesNotExist:  # undone meanwhile
            raise Http404(f"There is no filing {key!r} any more.") from None
        refuse_changed(self.request, filing_row(self.request, filing.pk))
        return filing

    def shown(self, filing: Filing, *, is_new: bool = False) -> Answer:
        """Return a filing as it stands now as the answer."""
        row = filing_row(self.request, filing.pk)
        return Answer(row, etag_of(row), row["url"] if is_new else "")

    def given(self, filing: Filing, kind: ReceiptKind) -> Answer:
        """Return the receipt that was given last as the answer, under the ETag of the filing."""
        latest = FilingReceipt.objects.filter(filing=filing, kind=kind.value).latest("sequence")
        record = ReceiptRecord(context={"root": self.request.build_absolute_uri(API_ROOT)})
        row = rows(FilingReceipt.objects.filter(pk=latest.pk), record)[0][0]
        return Answer(row, etag_of(filing_row(self.request, filing.pk)), row["url"])


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
    refusals={409: _NOT_NOW, 422: _BY_RULE},
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
    refusals={409: _NOT_NOW, 422: _BY_RULE},
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


# What the checks find

EXPLAIN = Write(
    operation="explain-findings",
    summary="Explain what the checks find",
    body=JsonBody(
        an_object(
            {
                "explanations": a_list(
                    an_object(
                        {
                            "check": a_key(
                                "Name of the check, as the finding gives it.", example="jump_from_last_year"
                            ),
                            "home_library": or_null(a_key("As the finding gives it.", example="CT0001")),
                            "month": {
                                "type": ["string", "null"],
                                "pattern": "^[12][0-9]{3}-(0[1-9]|1[0-2])-01$",
                                "description": "As the finding gives it.",
                                "examples": ["2026-05-01"],
                            },
                            "reason": one_of(list(Reason), "The reason that fits best."),
                            "text": a_text("In your words; needed with the reason other.", may_be_empty=True),
                        },
                        optional=["home_library", "month", "text"],
                    ),
                    least=1,
                    most=1000,
                )
            }
        ),
        {
            "explanations": [
                {
                    "check": "jump_from_last_year",
                    "home_library": "CT0001",
                    "month": "2026-05-01",
                    "reason": "library_nearby",
                    "text": "Their building is closed for repair until July.",
                }
            ]
        },
    ),
    answers=FindingsRecord,
    says="What the checks find now. The ETag is the filing's.",
    if_match=True,
    largest=LARGEST_COUNTS,
    refusals={409: _NOT_NOW, 422: "No check asks for one of them, or words are missing."},
)
WITHDRAW = Write(
    operation="withdraw-explanation",
    summary="Take an explanation back",
    status=204,
    says="It is taken back; the finding asks again.",
    if_match=True,
    refusals={409: _NOT_NOW},
)


class ExplanationViewSet(WritingFilings, reading.ExplanationViewSet):
    __doc__ = reading.ExplanationViewSet.__doc__
    lookup_url_kwarg, key_example = "explanation", "31"

    @writes(EXPLAIN)
    def create(self, request: Request, body: Json, filing: str) -> Answer:
        """Say why counts are right although a check finds them unusual. All are kept or none. An
        explanation stands as long as the value stays near the one that it was given for."""
        held = self.hold(filing, Action.ENTER_COUNTS)
        said = body["explanations"]
        ids = dict(Library.objects.values_list("key", "pk"))
        answers = [
            Explained(
                each["check"],
                ids.get(each["home_library"], 0) if each.get("home_library") else None,
                day_of(each["month"]) if each.get("month") else None,
                Reason(each["reason"]),
                each.get("text", ""),
            )
            for each in said
        ]
        wordless = [
            Mistake(
                "not_accepted",
                f"/explanations/{index}/text",
                "This reason says nothing without words.",
                "Say in words what the reason is, or choose another one.",
            )
            for index, answer in enumerate(answers)
            if answer.reason.needs_text and not answer.text.strip()
        ]
        if wordless:
            raise Refused(wordless, 422)
        made = services.explain(
            filing=held, answers=answers, by=self.person, at=clock.now(), expected=held.revision
        )
        kept = {(each.check_name, each.home_library_id, each.month) for each in made}
        unasked = [
            Mistake(
                "not_on_record",
                f"/explanations/{index}",
                "No check asks for an explanation of this.",
                "Read findings again, and explain what weighs must_explain.",
            )
            for index, answer in enumerate(answers)
            if (answer.check, answer.home_library, answer.month) not in kept
        ]
        if unasked:
            raise Refused(unasked, 422)
        return Answer(findings_of(held), etag_of(filing_row(request, held.pk)))

    @writes(WITHDRAW)
    def destroy(self, request: Request, body: None, filing: str, explanation: str) -> Answer:
        """Take an explanation back, so that its finding must be explained or mended again."""
        held = self.hold(filing, Action.ENTER_COUNTS)
        is_number = explanation.isascii() and explanation.isdecimal() and len(explanation) < 19
        found = Explanation.objects.filter(filing=held, pk=int(explanation)).first() if is_number else None
        if found is None:
            raise Http404(f"The filing has no explanation {explanation!r}.")
        services.withdraw_explanation(explanation=found, by=self.person, at=clock.now())
        return Answer()


# What becomes of it

SUBMIT = Write(
    operation="submit-filing",
    summary="Submit a filing",
    answers=ReceiptRecord,
    status=201,
    says="The submission receipt: its number, the time and the SHA-256 of what was submitted.",
    if_match=True,
    refusals={
        409: "It is not a draft and was not returned, entry is closed, or an amendment says nothing new.",
        422: "Something must be corrected or explained first: each is one of the errors.",
    },
)
RETURN = Write(
    operation="return-filing",
    summary="Return a submitted filing",
    body=JsonBody(_REASON, {"reason": "The loans of May are those of April. Please look at them again."}),
    answers=FilingRecord,
    says="The filing, which can be corrected now.",
    if_match=True,
    refusals={409: "It is not submitted."},
)
REOPEN = Write(
    operation="reopen-filing",
    summary="Amend a certified filing",
    body=JsonBody(_REASON, {"reason": "A branch was left out of the export of June."}),
    answers=FilingRecord,
    status=201,
    says="The new version: a draft with the counts of the certified one, which counts meanwhile.",
    if_match=True,
    refusals={409: "It is not certified, does not count any more, or an amendment is begun already."},
)
CERTIFY = Write(
    operation="certify-filing",
    summary="Certify a submitted filing",
    body=JsonBody(
        an_object(
            {
                "code": {
                    "type": "string",
                    "pattern": "^[0-9A-Za-z -]{6,20}$",
                    "description": "What the authenticator app of the person shows now, or an unused "
                    "recovery code. Each works once.",
                }
            }
        ),
        {"code": "492039"},
    ),
    answers=ReceiptRecord,
    status=201,
    says="The certificate. The filing counts from now on.",
    if_match=True,
    refusals={
        403: "You do not certify for this library, or the code is not right.",
        409: "It is not submitted, or something changed since.",
        422: "Something must be corrected or explained first: each is one of the errors.",
    },
)


class SubmitViewSet(WritingFilings, ActViewSet):
    """A filing submitted."""

    resource, path_examples = "submit", {"filing": reading.FILING_EXAMPLE}

    @writes(SUBMIT)
    def create(self, request: Request, body: None, filing: str) -> Answer:
        """Submit a draft, and get its receipt. It counts once the library has certified it."""
        held = self.hold(filing, Action.ENTER_COUNTS)
        try:
            services.submit_filing(filing=held, by=self.person, at=clock.now(), expected=held.revision)
        except NotCertifiable:
            raise what_stops(held) from None
        return self.given(held, ReceiptKind.SUBMISSION)


class ReturnViewSet(WritingFilings, ActViewSet):
    """A submitted filing returned."""

    resource, path_examples = "return", {"filing": reading.FILING_EXAMPLE}

    @writes(RETURN)
    def create(self, request: Request, body: Json, filing: str) -> Answer:
        """Give a submitted filing back to the filer, with what has to be corrected. What was submitted in
        time stays in time."""
        held = self.hold(filing, Action.RETURN_FILING)
        services.return_filing(filing=held, reason=body["reason"], by=self.person, at=clock.now())
        return self.shown(held)


class ReopenViewSet(WritingFilings, ActViewSet):
    """A certified filing amended."""

    resource, path_examples = "reopen", {"filing": reading.FILING_EXAMPLE}

    @writes(REOPEN)
    def create(self, request: Request, body: Json, filing: str) -> Answer:
        """Begin a new version of a certified filing, with the reason. The certified one counts until the new
        one is certified, and an amendment never makes a filing late that was in time."""
        held = self.hold(filing, Action.REOPEN_FILING)
        draft = services.reopen_filing(filing=held, reason=body["reason"], by=self.person, at=clock.now())
        return self.shown(draft, is_new=True)


class CertifyViewSet(WritingFilings, ActViewSet):
    """A submitted filing certified."""

    resource, path_examples = "certify", {"filing": reading.FILING_EXAMPLE}

    @writes(CERTIFY)
    def create(self, request: Request, body: Json, filing: str) -> Answer | Refused:
        """Certify a submitted filing as accurate, so that it counts toward payment (2(d), C.G.S. 11-31b). The
        person of the token signs the words that statement gives, with the second factor in this request. A
        code is used up once it was accepted, also where the filing then cannot be certified."""
        held = self.hold(filing, Action.CERTIFY_FILING)
        if held.status != FilingStatus.SUBMITTED:
            status = FilingStatus(held.status)
            raise conflict(f"This filing is in the state “{status.label}”.", status.next_step)
        try:
            confirm(request._request, body["code"])
        except SecondFactorRefused as refused:
            cure = PROBLEMS["second_factor_refused"][1]
            raise Refused([Mistake("second_factor_refused", "/code", str(refused), cure)], 403) from None
        try:
            services.certify_filing(filing=held, by=self.person, at=clock.now(), expected=held.revision)
        except NotCertifiable:
            return what_stops(held)
        except FilingRefused as refused:
            return conflict(str(refused))
        return self.given(held, ReceiptKind.CERTIFICATE)


def what_stops(filing: Filing) -> Refused:
    """Return the refusal that names everything that must be corrected or explained first."""
    filing.refresh_from_db()
    found = [finding for finding in findings_of(filing)["findings"] if finding["stops"]]
    codes = {Tier.MUST_MEND: "must_be_mended", Tier.MUST_EXPLAIN: "must_be_explained"}
    return Refused(
        [
            Mistake(codes[Tier(finding["weight"])], _place_of(finding), finding["message"], finding["cure"])
            for finding in found
        ],
        422,
    )


def _place_of(finding: Json) -> str | None:
    """Return the home library and the month of a finding, either of which may be missing."""
    month = finding["month"]
    return ", ".join(filter(None, [finding["home_library"], month and f"{month:%Y-%m}"])) or None
