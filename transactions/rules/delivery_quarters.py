"""When sites of deliverIT CT report what the delivery brought and took: by quarter, for each month.

No law asks for these counts; the State Library does. Every value is an entry of RULEBOOK, looked up on the
first day of the quarter, so that a past quarter keeps the dates it had.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from connecticard.rulebook import Entry, Label, Rulebook
from transactions.rules.filing_calendar import Span

LAST_CHECKED_ON = date(2026, 11, 21)
GUIDE = "State Library guide to deliverIT CT, counting"

RULEBOOK = Rulebook(
    [
        Entry(
            key="delivery.quarters_begin",
            value="01-01 04-01 07-01 10-01",
            citation=GUIDE,
            label=Label.PRACTICE,
            sentence="A site of deliverIT CT counts by month and reports by quarter; the quarters are those "
            "of the state fiscal year, the first from July to September.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="delivery.report_due_days_after",
            value=15,
            citation=GUIDE,
            label=Label.PRACTICE,
            sentence="The counts of a quarter are due on the fifteenth day after it. The guide asks for them "
            "at the end of the quarter and names no day; this one stands until the State Library names "
            "another.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="delivery.counted",
            value="bins and loose items, incoming and outgoing",
            citation=GUIDE,
            label=Label.PRACTICE,
            sentence="Counted are the bins that the delivery brought and took, and the items that were in no "
            "bin. What is in a bin is not counted piece by piece.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="delivery.interlibrary_loans",
            value="voluntary",
            citation=GUIDE,
            label=Label.PRACTICE,
            sentence="A site may add how many interlibrary loans it sent and received by the delivery. Where "
            "it leaves them blank, its report is complete all the same.",
            last_checked_on=LAST_CHECKED_ON,
        ),
    ]
)


@dataclass(frozen=True, order=True)
class Quarter:
    """Three months for which sites report, named by the first of their days.

    ValueError for a day on which no quarter begins.
    """

    first_day: date

    def __post_init__(self) -> None:
        if f"{self.first_day:%m-%d}" not in _beginnings(self.first_day):
            raise ValueError(f"no quarter begins on {self.first_day}")

    @classmethod
    def containing(cls, day: date) -> "Quarter":
        """Return the quarter in which a day lies.

        Source: State Library guide to deliverIT CT.
        """
        begins = max(month_day for month_day in _beginnings(day) if month_day <= f"{day:%m-%d}")
        month, first = begins.split("-")
        return cls(date(day.year, int(month), int(first)))

    @classmethod
    def named(cls, name: str) -> "Quarter":
        """Return the quarter of a name as `name` gives it, like 2026-07; ValueError for any other text."""
        if len(name) != len("2026-07"):
            raise ValueError(f"{name!r} names no quarter; write its first month, like 2026-07")
        return cls(date.fromisoformat(f"{name}-01"))

    @property
    def name(self) -> str:
        """Its first month, as addresses and files name it: 2026-07."""
        return f"{self.first_day:%Y-%m}"

    @property
    def last_day(self) -> date:
        """Its last day."""
        return self.following.first_day - timedelta(days=1)

    @property
    def following(self) -> "Quarter":
        """The quarter after it."""
        return Quarter.containing(self.first_day + timedelta(days=100))

    @property
    def preceding(self) -> "Quarter":
        """The quarter before it."""
        return Quarter.containing(self.first_day - timedelta(days=1))

    @property
    def span(self) -> Span:
        """Its days."""
        return Span(self.first_day, self.last_day)

    @property
    def months(self) -> tuple[date, ...]:
        """The first days of its months."""
        return self.span.months()

    @property
    def fiscal_year(self) -> int:
        """The state fiscal year in which it lies, named for the year in which that ends."""
        return self.first_day.year + (self.first_day.month >= 7)

    @property
    def title(self) -> str:
        """Its months in words: July to September 2026."""
        return f"{self.first_day:%B} to {self.last_day:%B %Y}"

    @property
    def due_on(self) -> date:
        """The day through which its counts are in time.

        Source: State Library guide to deliverIT CT, as read in the rulebook.
        """
        days = RULEBOOK.number("delivery.report_due_days_after", self.first_day)
        return self.last_day + timedelta(days=days)

    def __str__(self) -> str:
        return self.title


def due_entry(quarter: Quarter) -> Entry:
    """Return the rulebook entry that a quarter's due date comes from, to cite beside the date.

    Source: State Library guide to deliverIT CT.
    """
    return RULEBOOK.entry("delivery.report_due_days_after", quarter.first_day)


def _beginnings(day: date) -> list[str]:
    return str(RULEBOOK.entry("delivery.quarters_begin", day).value).split()
