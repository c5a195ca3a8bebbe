"""REST: filings submitted, returned, certified and amended, by the services of the pages."""

from rest_framework.request import Request

from connecticard import clock
from connecticard.api_bodies import Json, JsonBody, a_text, an_object
from connecticard.api_problems import PROBLEMS, Mistake, Refused
from connecticard.api_writing import (
    ActViewSet,
    Answer,
    Write,
    conflict,
    writes,
)
from connecticard.permissions import Action
from connecticard.second_factor import SecondFactorRefused, confirm
from transactions import services
from transactions.api import reading
from transactions.api.holding import WritingFilings
from transactions.api.reading import findings_of
from transactions.api.records import FilingRecord, ReceiptRecord
from transactions.models import Filing
from transactions.rules.filing_checks import Tier
from transactions.rules.filing_status import FilingStatus
from transactions.rules.receipt_numbers import ReceiptKind
from transactions.services import FilingRefused, NotCertifiable

_REASON = an_object({"reason": a_text("Kept with the filing; people read it.")})

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
