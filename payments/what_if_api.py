"""REST: what payments would be if something were otherwise."""

from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from connecticard import clock
from connecticard.api_filters import ChoiceFilter, Parameters, PatternFilter, refuse_unknown
from connecticard.api_problems import Mistake, Refused
from connecticard.api_rendering import Record
from connecticard.api_schema import ApiSchema, Json
from connecticard.api_schema import parameters as described
from connecticard.api_views import ApiView
from libraries.models import Library
from payments.counting import CannotCalculate
from payments.estimating.what_if import Outcome, Sums, answer
from payments.estimating.what_if_bases import CannotAsk, base_named
from payments.estimating.what_if_files import NOTICE
from payments.estimating.what_if_question import (
    PATTERNS,
    BadQuestion,
    in_words,
    libraries_named,
    parameters,
    read,
)
from payments.rules.cents import plain_dollars
from payments.rules.grant_formula import GrantLine

_DOLLARS = r"^-?[0-9]+\.[0-9]{2}$"
_RATE = r"^[0-9]+\.[0-9]{10}$"


class SumsRecord(Record):
    """A split in short: pools, rates and sums."""

    appropriation = serializers.RegexField(_DOLLARS)
    transactions_pool = serializers.RegexField(_DOLLARS)
    net_plus_pool = serializers.RegexField(_DOLLARS)
    loans = serializers.IntegerField(help_text="What divides the transactions pool.")
    net_plus = serializers.IntegerField(help_text="What divides the net-plus pool; of towns, if asked.")
    per_loan = serializers.RegexField(_RATE)
    per_net_plus = serializers.RegexField(_RATE)
    paid = serializers.RegexField(_DOLLARS)
    withheld = serializers.RegexField(_DOLLARS)
    undistributed = serializers.RegexField(_DOLLARS)


class SideRecord(Record):
    """A library's line, as it stands or as it would be."""

    loans = serializers.IntegerField()
    borrows = serializers.IntegerField()
    net_plus = serializers.IntegerField(help_text="The library's own, whoever divides the pool.")
    transactions_share = serializers.RegexField(_DOLLARS)
    net_plus_share = serializers.RegexField(_DOLLARS)
    payment = serializers.RegexField(_DOLLARS)
    withheld = serializers.RegexField(_DOLLARS)


class WhatIfLineRecord(Record):
    """A library now and then; `then` is null where it would have no line."""

    library = serializers.CharField()
    name = serializers.CharField()
    now = SideRecord()
    then = SideRecord(allow_null=True)
    difference = serializers.RegexField(_DOLLARS, help_text="Of the payment.")


class WhatIfRecord(Record):
    """The answer to a what-if question. It is not a payment, and is not kept."""

    notice = serializers.CharField()
    base = serializers.CharField()
    fiscal_year = serializers.IntegerField()
    estimated = serializers.BooleanField(
        help_text="Some of the counts are estimates, or in an open year not certified yet."
    )
    question = serializers.ListField(child=serializers.CharField(), help_text="What is otherwise, in words.")
    now = SumsRecord()
    then = SumsRecord()
    lines = WhatIfLineRecord(many=True)
    page_url = serializers.URLField(help_text="The page that answers the same question.")

    example = {
        "notice": NOTICE,
        "base": "2018-1",
        "fiscal_year": 2018,
        "estimated": True,
        "question": ["$562,910.40 would be divided in place of $703,638.00, 20 percent less."],
        "now": {
            "appropriation": "703638.00",
            "transactions_pool": "351819.00",
            "net_plus_pool": "351819.00",
            "loans": 3580340,
            "net_plus": 1590946,
            "per_loan": "0.0982641313",
            "per_net_plus": "0.2211382410",
            "paid": "703638.00",
            "withheld": "0.00",
            "undistributed": "0.00",
        },
        "then": {
            "appropriation": "562910.40",
            "transactions_pool": "281455.20",
            "net_plus_pool": "281455.20",
            "loans": 3580340,
            "net_plus": 1590946,
            "per_loan": "0.0786113051",
            "per_net_plus": "0.1769105928",
            "paid": "562910.40",
            "withheld": "0.00",
            "undistributed": "0.00",
        },
        "lines": [
            {
                "library": "CT0012",
                "name": "Prosser Public Library",
                "now": {
                    "loans": 21345,
                    "borrows": 20111,
                    "net_plus": 1234,
                    "transactions_share": "2097.45",
                    "net_plus_share": "272.88",
                    "payment": "2370.33",
                    "withheld": "0.00",
                },
                "then": {
                    "loans": 21345,
                    "borrows": 20111,
                    "net_plus": 1234,
                    "transactions_share": "1677.96",
                    "net_plus_share": "218.31",
                    "payment": "1896.27",
                    "withheld": "0.00",
                },
                "difference": "-474.06",
            }
        ],
        "page_url": "https://borrowit.example.org/what-if/?base=2018-1&appropriation=-20%25",
    }


class WhatIfParameters(Parameters):
    """A question: where it starts from, and what is otherwise."""

    base = PatternFilter(
        pattern=PATTERNS["base"],
        example="2018-1",
        required=True,
        help_text="The run that it starts from, such as 2018-1; for the State Library also an open year, "
        "such as 2027-open.",
    )
    appropriation = PatternFilter(
        pattern=PATTERNS["appropriation"],
        help_text="Dollars such as 600000.00, or a change such as -20%.",
    )
    withheld = ChoiceFilter(
        words=("keep", "redistribute"),
        help_text="What becomes of the shares of libraries that are not in order.",
    )
    net_plus = ChoiceFilter(words=("town",), help_text="Net plus of each town in place of each library.")
    not_participating = PatternFilter(
        pattern=PATTERNS["not_participating"],
        help_text="Keys of libraries that would not take part, with commas between them.",
    )
    not_in_order = PatternFilter(
        pattern=PATTERNS["not_in_order"], help_text="Keys of libraries that would not be in order."
    )
    in_order = PatternFilter(
        pattern=PATTERNS["in_order"], help_text="Keys of libraries that would be in order."
    )
    loans = PatternFilter(
        pattern=PATTERNS["loans"],
        help_text="Keys, each with the loans that it would have made or their change: CT0012:5000 or "
        "CT0012:-20%.",
    )
    all_loans = PatternFilter(
        pattern=PATTERNS["all_loans"], help_text="The change of every other library's loans, such as -10%."
    )


class WhatIfSchema(ApiSchema):
    """Describes the one answer with its parameters."""

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False

    def get_summary(self) -> str:
        return "Ask what payments would be"

    def _get_parameters(self) -> list[Json]:
        return described(self.view.filterset_class)


class WhatIfViewSet(ApiView, GenericViewSet):
    """What payments would be if the appropriation, the libraries or their loans were otherwise. Never a
    payment, and nothing is kept. A library has one of not_participating, not_in_order and in_order."""

    resource = "what-if"
    schema = WhatIfSchema()
    serializer_class = WhatIfRecord
    filterset_class = WhatIfParameters
    path_examples: dict[str, str] = {}

    def list(self, request: Request) -> Response:
        """Return the answer."""
        known = self.filterset_class.base_filters
        refuse_unknown(request.query_params, known)
        given = {name: value for name, value in request.query_params.items() if name in known}
        self.filterset_class(given, queryset=Library.objects.none(), request=request).refuse_mistakes()
        try:
            base = base_named(given["base"], request.user, on=clock.today())
            if base is None:
                raise NotFound(f"There is no year {given['base']!r} that you may ask about.")
            # What is not there is said first: only of libraries that are can a question contradict itself
            if unknown := sorted(libraries_named(given) - set(base.activity)):
                raise NotFound(f"No library {', '.join(unknown)} takes part in {given['base']}.")
            question = read(given)
            outcome = answer(base, question.changes)
        except (BadQuestion, CannotAsk) as refused:
            raise Refused(
                [
                    Mistake("invalid_parameter", name if name in known else None, problem, problem)
                    for name, problem in refused.problems.items()
                ]
            ) from refused
        except CannotCalculate as cannot:
            raise Refused(
                [Mistake("invalid_parameter", "base", problem, problem) for problem in cannot.problems]
            ) from cannot
        names = dict(Library.objects.filter(key__in=base.activity).values_list("key", "name"))
        page = f"{reverse('payments:what_if')}?{urlencode(parameters(question))}"
        return Response(_written(outcome, names, request.build_absolute_uri(page)))


def _written(outcome: Outcome, names: dict[str, str], page_url: str) -> dict[str, Any]:
    return {
        "notice": NOTICE,
        "base": outcome.base.key,
        "fiscal_year": outcome.base.fiscal_year,
        "estimated": outcome.base.estimated,
        "question": in_words(outcome, names),
        "now": _sums(outcome.now),
        "then": _sums(outcome.then),
        "lines": [
            {
                "library": line.key,
                "name": names[line.key],
                "now": _side(line.now),
                "then": line.then and _side(line.then),
                "difference": plain_dollars(line.difference_cents),
            }
            for line in outcome.lines
        ],
        "page_url": page_url,
    }


def _sums(sums: Sums) -> dict[str, Any]:
    return {
        "appropriation": plain_dollars(sums.appropriation_cents),
        "transactions_pool": plain_dollars(sums.transactions_pool_cents),
        "net_plus_pool": plain_dollars(sums.net_plus_pool_cents),
        "loans": sums.loans,
        "net_plus": sums.net_plus,
        "per_loan": sums.per_loan,
        "per_net_plus": sums.per_net_plus,
        "paid": plain_dollars(sums.paid_cents),
        "withheld": plain_dollars(sums.withheld_cents),
        "undistributed": plain_dollars(sums.undistributed_cents),
    }


def _side(line: GrantLine) -> dict[str, Any]:
    return {
        "loans": line.loans,
        "borrows": line.borrows,
        "net_plus": line.net_plus,
        "transactions_share": plain_dollars(line.transactions_share_cents),
        "net_plus_share": plain_dollars(line.net_plus_share_cents),
        "payment": plain_dollars(line.payment_cents),
        "withheld": plain_dollars(line.withheld_cents),
    }
