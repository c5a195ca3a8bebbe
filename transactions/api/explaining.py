"""REST: why counts are right that a check finds unusual, said and taken back."""

from django.http import Http404
from rest_framework.request import Request

from connecticard import clock
from connecticard.api_bodies import Json, JsonBody, a_key, a_list, a_text, an_object, one_of, or_null
from connecticard.api_problems import Mistake, Refused
from connecticard.api_views import etag_of
from connecticard.api_writing import (
    Answer,
    Write,
    writes,
)
from connecticard.permissions import Action
from libraries.models import Library
from transactions import services
from transactions.api import reading
from transactions.api.filters import day_of
from transactions.api.holding import NOT_NOW, WritingFilings
from transactions.api.reading import filing_row, findings_of
from transactions.api.records import FindingsRecord
from transactions.models import Explanation
from transactions.rules.explanations import Reason
from transactions.services import Answer as Explained

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
    largest=1_000_000,
    refusals={409: NOT_NOW, 422: "No check asks for one of them, or words are missing."},
)
WITHDRAW = Write(
    operation="withdraw-explanation",
    summary="Take an explanation back",
    status=204,
    says="It is taken back; the finding asks again.",
    if_match=True,
    refusals={409: NOT_NOW},
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
