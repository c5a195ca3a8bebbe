"""Whether money withheld from a library may still be paid to it, and what lapses."""

from dataclasses import dataclass
from datetime import date

from connecticard.rulebook import Entry, Label, Rulebook
from payments.rules.expenditure_reporting import fiscal_year_days
from transactions.rules._wording import written_day

_CHECKED = date(2026, 11, 21)
_LAPSE_RULE = "C.G.S. § 4-89"
_PAYMENT_RULE = "Regs. Conn. State Agencies § 11-31c-4(a), (b)"
_ORDER_RULE = "C.G.S. §§ 4-89, 11-31b"

RULEBOOK = Rulebook(
    [
        Entry(
            key="release.last_day",
            value="the last day of the fiscal year",
            citation=_LAPSE_RULE,
            label=Label.LAW,
            sentence="Money withheld is released if the default is cured and the Board's order dated on or "
            "before June 30 of the fiscal year; what no order covers by then lapses.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="release.comptroller_may_close_earlier",
            value=True,
            citation=_LAPSE_RULE,
            label=Label.PRACTICE,
            sentence="Where the Comptroller closes payments before June 30, that earlier day is the last.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="release.after_redistribute",
            value=False,
            citation=_PAYMENT_RULE,
            label=Label.READING,
            sentence="Money that was divided among the other libraries is gone; nothing is left to release.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="release.date_of_the_order_decides",
            value=True,
            citation=_ORDER_RULE,
            label=Label.READING,
            sentence="The date of the Board's order decides, not the day on which staff record or approve "
            "the release: an order dated in time keeps the money from lapsing.",
            last_checked_on=_CHECKED,
        ),
    ]
)


@dataclass(frozen=True)
class ReleaseRefusal:
    """One reason why money withheld may not be released."""

    citation: str
    reason: str


def last_day_of_release(fiscal_year: int, *, comptroller_cutoff: date | None = None) -> date:
    """Return the last day on which an order can release money withheld from a fiscal year's payment.

    June 30, or the Comptroller's cut-off where that is earlier. ValueError for a cut-off outside the fiscal
    year.

    Source: C.G.S. § 4-89.
    """
    first_day, last_day = fiscal_year_days(fiscal_year)
    if comptroller_cutoff is None:
        return last_day
    if not first_day <= comptroller_cutoff <= last_day:
        raise ValueError(
            f"the Comptroller's cut-off {written_day(comptroller_cutoff)} is not in fiscal year {fiscal_year}"
        )
    return comptroller_cutoff


def release_refusals(
    *,
    fiscal_year: int,
    withheld: str,
    cured_on: date | None,
    ordered_on: date | None,
    comptroller_cutoff: date | None = None,
) -> tuple[ReleaseRefusal, ...]:
    """Return why money withheld from a library may not be paid to it; empty when it may.

    `withheld` is the policy of the run, `cured_on` the day on which nothing was unmet any more, `ordered_on`
    the date of the Board's order that releases it. ValueError for an unknown policy or a cut-off outside the
    fiscal year.

    Source: C.G.S. §§ 4-89, 11-31b; Regs. Conn. State Agencies § 11-31c-4(a), (b).
    """
    if withheld not in ("keep", "redistribute"):
        raise ValueError(f"{withheld!r} is not a policy; choose keep or redistribute")
    last_day = last_day_of_release(fiscal_year, comptroller_cutoff=comptroller_cutoff)
    if withheld == "redistribute":
        return (
            ReleaseRefusal(
                _PAYMENT_RULE,
                "The shares of libraries that were not in order were divided among the others; nothing is "
                "left to release.",
            ),
        )
    refusals: list[ReleaseRefusal] = []
    if cured_on is None:
        refusals.append(ReleaseRefusal(_PAYMENT_RULE, "A requirement for payment is still not met."))
    elif cured_on > last_day:
        refusals.append(
            ReleaseRefusal(
                _LAPSE_RULE,
                f"The last requirement was met on {written_day(cured_on)}, after {written_day(last_day)}; "
                "the money lapsed.",
            )
        )
    if ordered_on is None:
        refusals.append(ReleaseRefusal(_ORDER_RULE, "No order of the Board covers the release."))
    elif ordered_on > last_day:
        refusals.append(
            ReleaseRefusal(
                _ORDER_RULE,
                f"The Board's order is dated {written_day(ordered_on)}, after {written_day(last_day)}; the "
                "money lapsed.",
            )
        )
    return tuple(refusals)


def has_lapsed(fiscal_year: int, on: date, *, comptroller_cutoff: date | None = None) -> bool:
    """Return whether money that no order covers has lapsed on a day: after the last day, not on it.

    The last day runs to 23:59:59 Eastern. ValueError for a cut-off outside the fiscal year.

    Source: C.G.S. § 4-89.
    """
    return on > last_day_of_release(fiscal_year, comptroller_cutoff=comptroller_cutoff)
