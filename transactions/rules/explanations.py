"""What must be explained before a filing is submitted, by which reasons, and how long a reason stands."""

from enum import StrEnum

from transactions.rules import history_checks, pattern_checks, reciprocity_checks
from transactions.rules.filing_checks import Problem, Tier
from transactions.rules.filing_in_context import FilingInContext

CHECKS = (*pattern_checks.CHECKS, *history_checks.CHECKS, *reciprocity_checks.CHECKS)


class Reason(StrEnum):
    """Why a count is right although it is unusual."""

    LIBRARY_NEARBY = "library_nearby"
    OWN_HOURS = "own_hours"
    SERVICES = "services"
    RESIDENTS = "residents"
    WAY_OF_COUNTING = "way_of_counting"
    EARLIER_WRONG = "earlier_wrong"
    CHECKED = "checked"
    OTHER = "other"

    @property
    def label(self) -> str:
        """The reason in words for people."""
        return _REASON_LABELS[self]

    @property
    def needs_text(self) -> bool:
        """Whether the reason says nothing without words of one's own."""
        return self is Reason.OTHER


_REASON_LABELS = {
    Reason.LIBRARY_NEARBY: "A library nearby opened, closed, moved or changed its hours",
    Reason.OWN_HOURS: "Our own library was closed, moved or changed its hours",
    Reason.SERVICES: "Our collection or services drew more or fewer borrowers",
    Reason.RESIDENTS: "People moved, or go to another school or job",
    Reason.WAY_OF_COUNTING: "Our system or our way of counting changed",
    Reason.EARLIER_WRONG: "Earlier counts were wrong",
    Reason.CHECKED: "Compared with our system and right; the cause is not known",
    Reason.OTHER: "Something else: say what",
}


def questions(context: FilingInContext) -> list[Problem]:
    """Return what must be explained and what is worth a look, by tier and then in the order of CHECKS.

    Always worked out anew with the rules in force, so that nothing passes on an outdated check.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    found = [problem for check in CHECKS for problem in check(context)]
    return sorted(found, key=lambda problem: problem.tier is not Tier.MUST_EXPLAIN)


def stands(value: int | None, band: tuple[int, int]) -> bool:
    """Return whether an explanation still stands for a value, given the band in which it was accepted.

    Source: practice of the State Library: a reason once given is not asked for again.
    """
    return value is not None and band[0] <= value <= band[1]
