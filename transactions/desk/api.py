"""REST: what the desk asks, so that a circulation system can ask it. Nothing is stored."""

from typing import Any

from django.urls import reverse
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from connecticard import clock
from connecticard.api_filters import (
    ChoiceFilter,
    DayFilter,
    Filter,
    NumberFilter,
    Parameters,
    PatternFilter,
    YesNoFilter,
    refuse_unknown,
)
from connecticard.api_problems import Mistake, Refused
from connecticard.api_rendering import API_ROOT, Record
from connecticard.api_schema import ApiSchema, Json
from connecticard.api_schema import parameters as described
from connecticard.api_views import ApiView, OneViewSet
from libraries.models import Library
from transactions.desk import page
from transactions.desk.answering import Outcome, outcome_of
from transactions.desk.form import ON, UNKNOWN_LIBRARY, DeskForm, library_fields, plain_dollars
from transactions.rules.desk import TABLES
from transactions.rules.desk._table import Amount, Answer, Kind, Question, Table, Verdict, Whose

_DOLLARS = r"^[0-9]+\.[0-9]{2}$"
_NOT_ON_RECORD = frozenset({UNKNOWN_LIBRARY, "min_value", "max_value"})
"""Mistakes of a form that is as described: a library, or a day, that the program does not know."""

# Records


class ChoiceRecord(Record):
    """One of the answers to a question."""

    value = serializers.CharField()
    label = serializers.CharField()
    help = serializers.CharField()


class AskedRecord(Record):
    """Something that can be said: a choice, or an amount to be typed."""

    name = serializers.CharField(help_text="The parameter.")
    label = serializers.CharField()
    help = serializers.CharField()
    kind = serializers.ChoiceField(choices=["choice", *Kind])
    choices = ChoiceRecord(many=True, help_text="Empty for an amount.")
    assumed = serializers.CharField(
        allow_null=True, help_text="Taken for granted unless said; null where it must be said."
    )
    setting_of = serializers.ChoiceField(
        choices=list(Whose), allow_null=True, help_text="The library among whose settings it is found."
    )


class DeskQuestionRecord(Record):
    """A question of the desk with everything that can be said about it."""

    key = serializers.CharField()
    title = serializers.CharField()
    lead = serializers.CharField()
    asks = AskedRecord(many=True)
    libraries = serializers.ListField(
        child=serializers.CharField(), help_text="Parameters that take the key of a library."
    )
    url = serializers.URLField()
    page_url = serializers.URLField()


class DeskQuestionsRecord(Record):
    """Every question of the desk."""

    questions = DeskQuestionRecord(many=True)

    example = {
        "questions": [
            {
                "key": "lending",
                "title": "What do we lend to people of other towns?",
                "lead": "A borrower from another Connecticut town asks for something.",
                "asks": [
                    {
                        "name": "asks",
                        "label": "What does a borrower from another town want?",
                        "help": "",
                        "kind": "choice",
                        "choices": [{"value": "policy", "label": "Your lending rules in print", "help": ""}],
                        "assumed": None,
                        "setting_of": None,
                    }
                ],
                "libraries": ["library"],
                "url": "https://borrowit.example.org/api/v1/desk/lending/",
                "page_url": "https://borrowit.example.org/desk/lending/",
            }
        ]
    }


class RuleRecord(Record):
    """An entry of the rulebook on which an answer rests."""

    key = serializers.CharField()
    citation = serializers.CharField()
    label = serializers.CharField(help_text="law, practice or reading.")
    sentence = serializers.CharField()


class WorkingRecord(Record):
    """A line of the working: dollars, days and numbers as text."""

    label = serializers.CharField()
    value = serializers.CharField()


class SumRecord(Record):
    """A fine, worked out at the rate of one library."""

    at_the_rate_of = serializers.ChoiceField(choices=list(Whose))
    fine = serializers.RegexField(_DOLLARS)
    working = WorkingRecord(many=True)


class ValueRecord(Record):
    """A parameter and its value."""

    name = serializers.CharField()
    value = serializers.CharField()


class DeskAnswerRecord(Record):
    """The answer, or what must be said before there is one: `ask` is empty where it is answered."""

    question = serializers.CharField()
    on = serializers.DateField(help_text="The day whose law and records hold.")
    verdict = serializers.ChoiceField(
        choices=list(Verdict),
        allow_null=True,
        help_text="refer: the rule is silent, library staff decide. null as long as something must be said.",
    )
    row = serializers.CharField(allow_null=True, help_text="Name of the row of the table that decided.")
    headline = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_null=True)
    next_step = serializers.CharField(allow_null=True)
    rules = RuleRecord(many=True, help_text="The one that decides first.")
    units = serializers.IntegerField(
        allow_null=True, help_text="Units to report; null where none is counted."
    )
    fines = SumRecord(many=True)
    on_record = ValueRecord(many=True, help_text="What the records of the program say.")
    taken_for_granted = ValueRecord(many=True)
    ask = AskedRecord(many=True)
    page_url = serializers.URLField(help_text="The page that answers the same question.")


_EXAMPLES: Json = {
    "headline": "Yes. You must give it",
    "reason": "A non-resident borrower who asks is given a printed statement of the lender’s circulation "
    "policy and procedures.",
    "next_step": "Hand out your circulation policy and procedures in print.",
}
DeskAnswerRecord.example = {
    "question": "lending",
    "on": "2027-03-22",
    "verdict": "yes",
    "row": "printed_policy",
    **_EXAMPLES,
    "rules": [
        {
            "key": "printed_policy_is_given_on_request",
            "citation": "Regs. Conn. State Agencies § 11-31c-5(b)(3)",
            "label": "law",
            "sentence": _EXAMPLES["reason"],
        }
    ],
    "units": None,
    "fines": [],
    "on_record": [],
    "taken_for_granted": [{"name": "participates", "value": "yes"}],
    "ask": [],
    "page_url": "https://borrowit.example.org/desk/lending/?asks=policy",
}

# Parameters


def _filter_of(asked: Question | Amount) -> Filter:
    """Return the filter that reads and describes a question or an amount."""
    if isinstance(asked, Question):
        return ChoiceFilter(words=asked.values, help_text=asked.label)
    text = f"{asked.label}. {asked.help}".strip()
    match asked.kind:
        case Kind.DAY:
            return DayFilter(help_text=text)
        case Kind.SWITCH:
            return YesNoFilter(help_text=text)
        case Kind.CENTS:
            return PatternFilter(
                pattern=_up_to(asked.greatest), example="0.10", help_text=f"{text} In dollars: 0.10."
            )
    return NumberFilter(least=asked.least, greatest=asked.greatest, help_text=text)


def _up_to(cents: int) -> str:
    """Return the pattern of amounts in dollars from 0 to a power of ten, given in cents."""
    most = str(cents // 100)
    return rf"[0-9]{{1,{len(most) - 1}}}(?:\.[0-9]{{1,2}})?|{most}(?:\.0{{1,2}})?"


def _parameters_of(table: Table) -> type[Parameters]:
    filters: dict[str, Any] = {each.name: _filter_of(each) for each in table.all_that_can_be_said}
    for name, label in library_fields(table).items():
        filters[name] = PatternFilter(
            pattern=r"[A-Za-z0-9-]{1,12}", example="CT0012", help_text=f"{label}: its key."
        )
    if table.dated:
        filters[ON] = DayFilter(help_text=table.dated)
    return type(f"{table.key.capitalize()}DeskParameters", (Parameters,), filters)


# Routes


class DeskSchema(ApiSchema):
    """Describes the one answer with its parameters."""

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False

    def get_summary(self) -> str:
        return f"Ask the desk: {self.view.table.title}"

    def _get_parameters(self) -> list[Json]:
        return described(self.view.filterset_class)


class DeskViewSet(OneViewSet):
    """The questions of the desk: what can be said about each, and in which words."""

    resource = "desk"
    serializer_class = DeskQuestionsRecord

    def list(self, request: Request) -> Response:
        """Return every question."""
        refuse_unknown(request.query_params, ())
        return Response(
            {
                "questions": [
                    {
                        "key": table.key,
                        "title": table.title,
                        "lead": table.lead,
                        "asks": [_asked(each) for each in table.all_that_can_be_said],
                        "libraries": list(library_fields(table)),
                        "url": request.build_absolute_uri(f"{API_ROOT}desk/{table.key}/"),
                        "page_url": request.build_absolute_uri(
                            reverse("transactions:desk_question", args=[table.key])
                        ),
                    }
                    for table in TABLES.values()
                ]
            }
        )


class DeskQuestionViewSet(ApiView, GenericViewSet):
    """Answers from the rules of the program, the first row of the table that matches. What is not said and
    not taken for granted is asked for in `ask`. Nothing that is asked is stored or logged, and no parameter
    is about a borrower's person."""

    table: Table
    schema = DeskSchema()
    serializer_class = DeskAnswerRecord
    path_examples: dict[str, str] = {}

    def list(self, request: Request) -> Response:
        """Return the answer."""
        known = self.filterset_class.base_filters
        refuse_unknown(request.query_params, known)
        self.filterset_class(
            request.query_params, queryset=Library.objects.none(), request=request
        ).refuse_mistakes()
        form = DeskForm(self.table, request.query_params)
        if not form.is_valid():
            mistakes = [error for errors in form.errors.as_data().values() for error in errors]
            if absent := [error for error in mistakes if error.code in _NOT_ON_RECORD]:
                raise NotFound(" ".join(absent[0].messages))
            raise Refused(
                [
                    Mistake("invalid_parameter", name, str(error), known[name].extra["help_text"])
                    for name, errors in form.errors.items()
                    for error in errors
                ]
            )
        return Response(_written(outcome_of(form, clock.today()), request))


def _written(outcome: Outcome, request: Request) -> Json:
    step, table = outcome.step, outcome.table
    address = request.build_absolute_uri(page.address(table, page.query_of(outcome)))
    written: Json = {
        "question": table.key,
        "on": outcome.on,
        "verdict": None,
        "row": None,
        "headline": None,
        "reason": None,
        "next_step": None,
        "rules": [],
        "units": None,
        "fines": [],
        "on_record": [{"name": name, "value": str(value)} for name, value in outcome.known.items()],
        "taken_for_granted": [],
        "ask": [],
        "page_url": address,
    }
    if not isinstance(step, Answer):
        asked = (step.question,) if step.question else step.amounts
        return written | {"ask": [_asked(each) for each in asked]}
    return written | {
        "verdict": step.verdict,
        "row": step.row,
        "headline": step.headline_in_full,
        "reason": " ".join(step.reasons),
        "next_step": step.next_step,
        "rules": [
            {
                "key": entry.key,
                "citation": entry.citation,
                "label": entry.label.value,
                "sentence": entry.sentence,
            }
            for entry in step.entries
        ],
        "units": step.values.get("units"),
        "fines": [
            {
                "at_the_rate_of": found.at_the_rate_of,
                "fine": plain_dollars(found.cents),
                "working": [
                    {"label": line.label, "value": page.plain(line.kind, line.value)}
                    for line in found.working
                ],
            }
            for found in step.sums
        ],
        "taken_for_granted": [
            {"name": name, "value": table.question(name).assumed}
            for name in step.assumed
            if name not in outcome.known
        ],
    }


def _asked(asked: Question | Amount) -> Json:
    if isinstance(asked, Question):
        return {
            "name": asked.name,
            "label": asked.label,
            "help": "",
            "kind": "choice",
            "choices": [
                {"value": choice.value, "label": choice.label, "help": choice.help}
                for choice in asked.choices
            ],
            "assumed": asked.assumed or None,
            "setting_of": None,
        }
    return {
        "name": asked.name,
        "label": asked.label,
        "help": asked.help,
        "kind": asked.kind,
        "choices": [],
        "assumed": None if asked.assumed is None else str(asked.assumed),
        "setting_of": asked.setting_of,
    }


ROUTES = [
    ("desk", DeskViewSet),
    *(
        (
            f"desk/{table.key}",
            type(
                f"{table.key.capitalize()}DeskViewSet",
                (DeskQuestionViewSet,),
                {
                    "table": table,
                    "resource": f"desk-{table.key}",
                    "filterset_class": _parameters_of(table),
                    "__doc__": f"{table.lead} {' '.join((DeskQuestionViewSet.__doc__ or '').split())}",
                },
            ),
        )
        for table in TABLES.values()
    ),
]
