"""What an annual report says in a few sentences, each worked out from its contents."""

from fractions import Fraction
from functools import singledispatch

from connecticard.templatetags.figures import count, dollars
from reports.contents import DeliveryVolume, ExpenditureSummary, ParticipatingLibraries, UseReport
from reports.delivery.sentences import sentences

LARGEST = 10  # lenders that are told together


@singledispatch
def points_of(contents: object) -> tuple[str, ...]:
    """Return the main points of a report, in sentences; none where it is not an annual report."""
    return ()


@points_of.register
def _(report: UseReport) -> tuple[str, ...]:
    points = [
        f"{count(report.libraries_reporting)} of {count(report.libraries)} public libraries reported "
        f"{count(report.loans)} items lent to residents of other towns."
    ]
    loans = sorted((line.loans for line in report.lines if line.loans), reverse=True)
    before = {year.fiscal_year: year.loans for year in report.years}.get(report.fiscal_year - 1)
    if before:
        points.append(f"That is {_change(before, report.loans)} the twelve months before ({count(before)}).")
    if len(loans) > LARGEST:
        points.append(
            f"The {LARGEST} largest lenders made {_percent(sum(loans[:LARGEST]), sum(loans))} of all loans, "
            f"and {count(_makes_half(loans))} libraries made half of them."
        )
    ahead = sum(bool(line.net_plus) for line in report.lines)
    estimated = ", estimated" if report.estimate else ""
    points.append(
        f"{count(ahead)} {'library' if ahead == 1 else 'libraries'} lent more to residents of other towns "
        f"than was lent elsewhere on {'its' if ahead == 1 else 'their'} cards: {count(report.net_plus)} "
        f"net-plus loans{estimated}."
    )
    return tuple(points)


@points_of.register
def _(report: ParticipatingLibraries) -> tuple[str, ...]:
    others = len(report.not_participating)
    serving = sum(bool(line.also_serves) for line in report.lines)
    points = [
        f"{count(report.libraries)} of {count(report.libraries + others)} public libraries take part.",
        f"In {count(report.towns)} of {count(report.towns_of_the_state)} towns the principal public library "
        "takes part.",
    ]
    if serving:
        points.append(
            f"{count(serving)} {'library is' if serving == 1 else 'libraries are'} also the principal public "
            "library of a town that has none."
        )
    return tuple(points)


@points_of.register
def _(report: ExpenditureSummary) -> tuple[str, ...]:
    if not report.libraries_owing and not report.libraries_reporting:
        return (
            f"No payment of fiscal year {report.receipt_fiscal_year} is on record here, so no report was "
            "due.",
        )
    points = [
        f"{count(report.libraries_reporting)} of {count(report.libraries_owing)} libraries that received "
        "money have certified their report."
    ]
    if report.received_cents:
        points.append(
            f"They received {dollars(report.received_cents)} and spent {dollars(report.spent_cents)} of it, "
            f"{_percent(report.spent_cents, report.received_cents)}; {dollars(report.held_cents)} is unspent "
            "and still held for the library."
        )
    if report.spent_cents and report.categories:
        largest = max(report.categories, key=lambda category: category.cents)
        points.append(
            f"Most was spent on {largest.name[0].lower()}{largest.name[1:]}: {dollars(largest.cents)}, "
            f"{_percent(largest.cents, report.spent_cents)}, by {count(largest.libraries)} "
            f"{'library' if largest.libraries == 1 else 'libraries'}."
        )
    return tuple(points)


def _percent(part: int, whole: int) -> str:
    """Write a share as 27.4%, half-even."""
    tenths = round(Fraction(part * 1000, whole))
    return f"{tenths // 10}.{tenths % 10}%"


def _change(before: int, now: int) -> str:
    """Write a change as a reader says it before "the twelve months before"."""
    if before == now:
        return "as many as in"
    return f"{_percent(abs(now - before), before)} {'more' if now > before else 'fewer'} than in"


def _makes_half(falling: list[int]) -> int:
    """Return how many of these numbers, the greatest first, make half of their sum."""
    whole, so_far = sum(falling), 0
    for place, number in enumerate(falling, start=1):
        so_far += number
        if 2 * so_far >= whole:
            return place
    return len(falling)


@points_of.register
def _(report: DeliveryVolume) -> tuple[str, ...]:
    return sentences(report)
