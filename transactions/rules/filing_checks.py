"""What must be mended before a filing is submitted or certified, one named check for each rule.

A check reads a filing as plain counts and yields its problems. The filing page shows them beside the cell,
the service refuses on them, an import prints them. Checks of the other two tiers join the same list.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum, StrEnum
from typing import Final

from transactions.rules._wording import written_day, written_month, written_span
from transactions.rules.filing_calendar import Span
from transactions.rules.reportable_loans import TownsServed, refusal, reportable_months

# The largest whole number that a column of counts can hold.
LARGEST_COUNT = 2_147_483_647

RECORDS_RULE = "Regs. Conn. State Agencies § 11-31c-2(a)"
FORM_RULE = "Regs. Conn. State Agencies § 11-31c-2(b)"
ACCURACY_RULE = "Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b"

_WHOLE_NUMBER = re.compile(r"(-?)([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.0+)?")


class Tier(StrEnum):
    """How much a problem weighs."""

    MUST_MEND = "must_mend"
    MUST_EXPLAIN = "must_explain"
    WORTH_A_LOOK = "worth_a_look"

    @property
    def label(self) -> str:
        """The tier in words for people."""
        return _TIER_LABELS[self]


_TIER_LABELS = {
    Tier.MUST_MEND: "Must be corrected",
    Tier.MUST_EXPLAIN: "Must be explained",
    Tier.WORTH_A_LOOK: "Worth a look",
}


class NotCounted(Enum):
    """The answer of a library that has no count: neither a blank nor 0. It is false, and adds nothing."""

    NOT_COUNTED = "n/c"

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return self.value


NOT_COUNTED: Final = NotCounted.NOT_COUNTED
_WRITTEN_NOT_COUNTED = frozenset({"n/c", "nc", "not counted"})


class NotALoanCount(ValueError):
    """Text that is no number of loans; the message says why and what to enter."""


@dataclass(frozen=True)
class Count:
    """Units lent on the cards of a home library in a month, or in the whole period where `month` is None.

    `month` is its first day. `loans` None is a blank, NOT_COUNTED no count; a value that came from elsewhere
    may be anything.
    """

    home_library: str
    month: date | None
    loans: object


@dataclass(frozen=True)
class FilingToCheck:
    """A filing as counts, with what the checks have to know about libraries.

    `covers` are the days for which the filing is owed: those of the period on which the library was open and
    took part. `nothing_lent` is the zero return, said for the whole filing; `months_without_loans` says it of
    single months, each by its first day. `names` and `successors` are as for `reportable_loans.refusal`.
    """

    lender: str
    covers: Span
    by_month: bool
    counts: Sequence[Count]
    served: TownsServed
    nothing_lent: bool = False
    months_without_loans: Collection[date] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    successors: Mapping[str, str] = field(default_factory=dict)

    def name(self, library: str) -> str:
        """Return the library's name, its key where none is known."""
        return self.names.get(library, library)

    def days_of(self, count: Count) -> Span | None:
        """Return the days that one count stands for, None where the filing does not cover them."""
        return self.covers if count.month is None else Span.of_month(count.month).intersection(self.covers)


@dataclass(frozen=True)
class Problem:
    """One thing to mend: which check found it, where, and what to do.

    `home_library` and `month` name the cell; both None for the filing as a whole. What must be explained has
    a `value`, and the `band` from a lowest to a highest value in which an explanation of it still stands.
    """

    check: str
    tier: Tier
    message: str
    citation: str
    home_library: str | None = None
    month: date | None = None
    value: int | None = None
    band: tuple[int, int] | None = None


def parse_loans(text: str, home_library_name: str = "this library") -> int | NotCounted | None:
    """Return the number of loans that a person typed or pasted; None for a blank.

    `1,234` and `12.0` (as spreadsheets write 12) are read as whole numbers; `n/c`, `nc` and `not counted`, in
    capitals or not, as NOT_COUNTED. NotALoanCount for anything else, with a message that names the library
    and says what to enter.

    Source: Regs. Conn. State Agencies § 11-31c-2(b), (d).
    """
    written = text.strip()
    if not written:
        return None
    if " ".join(written.lower().split()) in _WRITTEN_NOT_COUNTED:
        return NOT_COUNTED
    match = _WHOLE_NUMBER.fullmatch(written)
    if match is None:
        raise NotALoanCount(f"{_quoted(written)} is not a whole number. {_cure(home_library_name)}")
    digits = match[2].replace(",", "").lstrip("0") or "0"
    if match[1] and digits != "0":
        raise NotALoanCount(f"{_quoted(written)} is below zero. {_cure(home_library_name)}")
    if len(digits) > len(str(LARGEST_COUNT)) or int(digits) > LARGEST_COUNT:
        raise NotALoanCount(_too_large_message(_quoted(written)))
    return int(digits)


def not_whole(filing: FilingToCheck) -> Iterator[Problem]:
    """A count is a whole number of units.

    Source: Regs. Conn. State Agencies § 11-31c-2(b).
    """
    for count in filing.counts:
        if count.loans is not None and count.loans is not NOT_COUNTED and not _is_whole(count.loans):
            message = f"{count.loans!r} is not a whole number. {_cure(filing.name(count.home_library))}"
            yield _at(count, "not_whole", message, FORM_RULE)


def negative(filing: FilingToCheck) -> Iterator[Problem]:
    """Nobody lends fewer than no units.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    for count, loans in _whole_counts(filing):
        if loans < 0:
            message = f"{loans} is below zero. {_cure(filing.name(count.home_library))}"
            yield _at(count, "negative", message, ACCURACY_RULE)


def too_large(filing: FilingToCheck) -> Iterator[Problem]:
    """A count fits the record that keeps it.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    for count, loans in _whole_counts(filing):
        if loans > LARGEST_COUNT:
            yield _at(count, "too_large", _too_large_message(str(loans)), ACCURACY_RULE)


def refused_home_library(filing: FilingToCheck) -> Iterator[Problem]:
    """Loans are reported only on cards of home libraries of towns that the lender did not serve.

    A zero is refused too, and so is “not counted”: the form has no place for them.

    Source: Regs. Conn. State Agencies § 11-31c-1(f).
    """
    reportable: dict[str, frozenset[date]] = {}
    for count in filing.counts:
        if count.loans is None:
            continue
        if count.month is not None:
            # Most lines are reportable in every month: ask once for a line, not once for a cell.
            if count.home_library not in reportable:
                reportable[count.home_library] = frozenset(
                    reportable_months(filing.lender, count.home_library, filing.covers, filing.served)
                )
            if count.month in reportable[count.home_library]:
                continue
        days = filing.days_of(count)
        if days is None:
            continue
        refused = refusal(
            filing.lender,
            count.home_library,
            days,
            filing.served,
            names=filing.names,
            successors=filing.successors,
        )
        if refused:
            yield _at(count, "refused_home_library", f"{refused.reason} {refused.cure}", refused.citation)


def month_outside_covers(filing: FilingToCheck) -> Iterator[Problem]:
    """A month of a filing has a day that the filing covers.

    Source: Regs. Conn. State Agencies § 11-31c-2(a).
    """
    for count in filing.counts:
        if count.loans is not None and filing.days_of(count) is None:
            assert count.month is not None
            message = (
                f"{written_month(count.month)} is not in this filing, which covers "
                f"{written_span(filing.covers)}. Leave it blank."
            )
            yield _at(count, "month_outside_covers", message, RECORDS_RULE)


def month_and_total_mixed(filing: FilingToCheck) -> Iterator[Problem]:
    """A filing gives months or totals throughout, so that no loan is in it twice.

    Source: Regs. Conn. State Agencies § 11-31c-2(b).
    """
    for count in filing.counts:
        if count.loans is None or (count.month is not None) is filing.by_month:
            continue
        name = filing.name(count.home_library)
        message = (
            f"This filing is by month. Enter the loans on cards of {name} in their months."
            if filing.by_month
            else f"This filing has one total for each library. Enter one number for {name}, without a month."
        )
        yield _at(count, "month_and_total_mixed", message, FORM_RULE)


def unanswered(filing: FilingToCheck) -> Iterator[Problem]:
    """A filing without any loans says so, and so does each of its months.

    A blank beside numbers of the same month is not asked about: the attestation says that none were lent
    there. But nothing at all is either a month forgotten or a zero return, and only the library knows which.
    “Not counted” is an answer.

    Source: Regs. Conn. State Agencies § 11-31c-2(a).
    """
    answered = [count for count in filing.counts if count.loans is not None]
    if filing.nothing_lent or (answered and not filing.by_month):
        return
    if not answered and not filing.months_without_loans:
        yield Problem(
            "unanswered",
            Tier.MUST_MEND,
            "No loans are entered. Enter them, or say that your library lent nothing on other libraries' "
            f"cards in {written_span(filing.covers)}.",
            RECORDS_RULE,
        )
        return
    said = {count.month for count in answered} | {*filing.months_without_loans}
    for month in filing.covers.months():
        if month not in said:
            yield Problem(
                "unanswered",
                Tier.MUST_MEND,
                f"No loans are entered for {written_month(month)}. Enter them, or enter 0 for one library "
                "if your library lent nothing on other libraries' cards in that month.",
                RECORDS_RULE,
                month=month,
            )


def loans_beside_zero_return(filing: FilingToCheck) -> Iterator[Problem]:
    """A filing that says that nothing was lent has no loans in it, and none that were not counted.

    Source: Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b.
    """
    for count in filing.counts:
        not_counted = count.loans is NOT_COUNTED
        if not (count.loans or not_counted) or not (
            filing.nothing_lent or (count.month is not None and count.month in filing.months_without_loans)
        ):
            continue
        name = filing.name(count.home_library)
        message = (
            f"Loans on cards of {name} are marked as not counted, but the filing says that nothing was lent. "
            "Remove one or the other."
            if not_counted
            else f"Loans on cards of {name} are entered, but the filing says that nothing was lent. "
            "Remove one or the other."
        )
        yield _at(count, "loans_beside_zero_return", message, ACCURACY_RULE)


def not_ended(filing: FilingToCheck, today: date) -> Iterator[Problem]:
    """A filing is submitted and certified when all its days are past.

    Source: Regs. Conn. State Agencies § 11-31c-2(a).
    """
    if today <= filing.covers.last_day:
        yield Problem(
            "not_ended",
            Tier.MUST_MEND,
            f"This filing covers the days through {written_day(filing.covers.last_day)}. "
            f"Submit it on {written_day(filing.covers.last_day + timedelta(days=1))} or later.",
            RECORDS_RULE,
        )


CHECKS: tuple[Callable[[FilingToCheck], Iterator[Problem]], ...] = (
    not_whole,
    negative,
    too_large,
    month_and_total_mixed,
    month_outside_covers,
    refused_home_library,
    unanswered,
    loans_beside_zero_return,
)


def problems(filing: FilingToCheck, *, today: date | None = None) -> list[Problem]:
    """Return everything that the checks find, in the order of CHECKS; empty when the filing may go on.

    `today` is given when the filing is to be submitted or certified; without it a draft is looked over whose
    period still runs.

    Source: Regs. Conn. State Agencies § 11-31c-2(a) to (d).
    """
    found = [problem for check in CHECKS for problem in check(filing)]
    if today is not None:
        found.extend(not_ended(filing, today))
    return found


def must_mend(found: Sequence[Problem]) -> list[Problem]:
    """Return those problems that stop a filing.

    Source: Regs. Conn. State Agencies § 11-31c-2(b), (d).
    """
    return [problem for problem in found if problem.tier is Tier.MUST_MEND]


def _is_whole(loans: object) -> bool:
    return isinstance(loans, int) and not isinstance(loans, bool)


def _whole_counts(filing: FilingToCheck) -> Iterator[tuple[Count, int]]:
    for count in filing.counts:
        if isinstance(count.loans, int) and not isinstance(count.loans, bool):
            yield count, count.loans


def _at(count: Count, check: str, message: str, citation: str) -> Problem:
    return Problem(check, Tier.MUST_MEND, message, citation, count.home_library, count.month)


def _cure(name: str) -> str:
    return f"Enter 0 if no items were lent on cards of {name}."


def _too_large_message(number: str) -> str:
    return f"{number} is too large to be a count. Enter a number of at most {LARGEST_COUNT:,}."


def _quoted(written: str) -> str:
    return f"“{written if len(written) <= 40 else written[:40] + '…'}”"
