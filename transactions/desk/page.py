"""A question of the desk as its page shows it: in the reader's language, each choice with its address."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext

from connecticard.templatetags.figures import day as written_day
from transactions.desk.answering import Outcome
from transactions.desk.form import ON, plain_dollars
from transactions.rules.desk._table import Amount, Answer, Choice, Kind, Question, Table, dollars, in_full


@dataclass(frozen=True)
class Way:
    """A choice to be taken: its words, and the address that takes it."""

    label: str
    help: str
    url: str


@dataclass(frozen=True)
class Said:
    """Something that decided the answer: what was asked, what was said, and how to say otherwise.

    `other_ways` are the choices to be taken instead, for what was taken for granted; `change` the address
    that asks again, for what was said.
    """

    label: str
    value: str
    other_ways: tuple[Way, ...] = ()
    change: str = ""


@dataclass(frozen=True)
class WorkingLine:
    """A line of the working, in words."""

    label: str
    value: str


@dataclass(frozen=True)
class Working:
    """A sum with its working; `title` says whose rate it is."""

    title: str
    lines: tuple[WorkingLine, ...]


def address(table: Table, query: Mapping[str, str]) -> str:
    """Return the address of a question with what is said about it."""
    page = reverse("transactions:desk_question", args=[table.key])
    return f"{page}?{urlencode(query)}" if query else page


def query_of(outcome: Outcome) -> dict[str, str]:
    """Return all that was said, as it stands in an address; what played no part is left out."""
    used = outcome.step.used if isinstance(outcome.step, Answer) else None
    query = {name: library.key for name, library in outcome.libraries.items()}
    if outcome.table.dated:
        query[ON] = outcome.on.isoformat()
    for name, value in outcome.said.items():
        if used is None or name in used:
            query[name] = _in_address(outcome.table, name, value)
    return query


def ways(outcome: Outcome) -> tuple[Way, ...]:
    """Return every choice of the question that is asked; none where it is answered or amounts are asked."""
    question = None if isinstance(outcome.step, Answer) else outcome.step.question
    if question is None:
        return ()
    query = query_of(outcome)
    return tuple(_way(outcome.table, query, question, choice) for choice in question.choices)


def said(outcome: Outcome) -> Iterator[Said]:
    """Yield what was said and decided, in the order of the questions."""
    query = query_of(outcome)
    for question in _decided(outcome):
        if question.name in outcome.said:
            choice = question.choice(str(outcome.said[question.name]))
            without = {name: value for name, value in query.items() if name != question.name}
            yield Said(gettext(question.label), gettext(choice.label), change=address(outcome.table, without))


def on_record(outcome: Outcome) -> Iterator[Said]:
    """Yield what the records of the program say and decided."""
    yield from _with_other_ways(outcome, outcome.known)


def taken_for_granted(outcome: Outcome) -> Iterator[Said]:
    """Yield what decided without having been said."""
    if isinstance(outcome.step, Answer):
        assumed = {name: outcome.table.question(name).assumed for name in outcome.step.assumed}
        yield from _with_other_ways(outcome, assumed)


def workings(answer: Answer) -> tuple[Working, ...]:
    """Return the working of each sum."""
    titles = {
        "lender": gettext("At the rate of the library that lent it"),
        "receiver": gettext("At the rate of the library where it was handed in"),
    }
    return tuple(
        Working(
            titles[found.at_the_rate_of],
            tuple(WorkingLine(gettext(line.label), written(line.kind, line.value)) for line in found.working),
        )
        for found in answer.sums
    )


def headline(answer: Answer) -> str:
    """Return the answer in a sentence, with its figures."""
    return in_full(gettext(answer.headline), answer.values)


def written(kind: Kind, value: int | date) -> str:
    """Return an amount as people read it."""
    if isinstance(value, date):
        return str(written_day(value))
    return dollars(value) if kind is Kind.CENTS else str(value)


def plain(kind: Kind, value: int | date) -> str:
    """Return an amount as it stands in JSON: an ISO day, dollars without a sign, a number."""
    if isinstance(value, date):
        return value.isoformat()
    return plain_dollars(value) if kind is Kind.CENTS else str(value)


def typed_amounts(outcome: Outcome) -> tuple[Amount, ...]:
    """Return the amounts that a page shows to be typed or changed."""
    if isinstance(outcome.step, Answer):
        used = outcome.step.used
        return tuple(amount for amount in outcome.table.amounts if amount.name in used)
    return outcome.step.amounts


def _decided(outcome: Outcome) -> Iterator[Question]:
    used = outcome.step.used if isinstance(outcome.step, Answer) else outcome.said
    return (question for question in outcome.table.questions if question.name in used)


def _with_other_ways(outcome: Outcome, values: Mapping[str, object]) -> Iterator[Said]:
    query = query_of(outcome)
    for question in _decided(outcome):
        if question.name in values:
            choice = question.choice(str(values[question.name]))
            yield Said(
                gettext(question.label),
                gettext(choice.label),
                tuple(
                    _way(outcome.table, query, question, other)
                    for other in question.choices
                    if other != choice
                ),
            )


def _way(table: Table, query: Mapping[str, str], question: Question, choice: Choice) -> Way:
    return Way(
        gettext(choice.label),
        gettext(choice.help) if choice.help else "",
        address(table, {**query, question.name: choice.value}),
    )


def _in_address(table: Table, name: str, value: str | int | date) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value
    match table.amount(name).kind:
        case Kind.CENTS:
            return plain_dollars(value)
        case Kind.SWITCH:
            return "true" if value else "false"
    return str(value)
