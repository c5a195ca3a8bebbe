"""What deliverIT CT carried: sums of the libraries' monthly counts, and the estimate of borrowIT returns.

A count that was not given is None, never 0: sums take what was given, and say of how many it is.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from connecticard.rulebook import Entry, Label, Rulebook

_CHECKED = date(2026, 11, 21)
_ESTIMATES = "Connecticut State Library, borrowIT returns via delivery, estimates for FY 2018"
_SORTING = "Connecticut State Library, deliverIT CT sorting guidelines of July 1, 2016"

RULEBOOK = Rulebook(
    [
        Entry(
            key="delivery.items_per_bin",
            value=25,
            citation=_SORTING,
            label=Label.READING,
            sentence="A bin is taken to hold 25 items, the number from which on items for one library go "
            "into a bin of their own. No count of the bins themselves is published, so the State Library may "
            "set another number.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="delivery.returns_are_items_less_interlibrary_loans",
            value=True,
            citation=_ESTIMATES,
            label=Label.PRACTICE,
            sentence="Items delivered to a public library, less the interlibrary loans that it sent and "
            "received, are taken to be borrowIT CT returns; items that it sent off likewise. An interlibrary "
            "loan travels out and home, so each is taken off in both directions.",
            last_checked_on=_CHECKED,
        ),
    ]
)


@dataclass(frozen=True)
class MonthCounts:
    """What a library counted in a month, each 0 or more; None was not counted or not given.

    Bins and loose items arrive (`in`) and are sent off (`out`); loose items are those that no bin held.
    `loans_sent` and `loans_received` are interlibrary loans that it filled and that it borrowed.
    """

    bins_in: int | None = None
    items_in: int | None = None
    bins_out: int | None = None
    items_out: int | None = None
    loans_sent: int | None = None
    loans_received: int | None = None

    @property
    def carried(self) -> tuple[int | None, int | None, int | None, int | None]:
        """The four counts that a report asks for."""
        return self.bins_in, self.items_in, self.bins_out, self.items_out

    @property
    def is_whole(self) -> bool:
        """Whether all four are given; interlibrary loans are given by whoever wants to."""
        return None not in self.carried


class Arrival(StrEnum):
    """How a report of a quarter came in; each library's is in one of these."""

    IN_TIME = "in time"
    LATE = "late"
    NOT_DUE = "not yet due"
    MISSING = "not reported"


@dataclass(frozen=True)
class SiteQuarter:
    """One library's months in a quarter, as it submitted them.

    `key` names the library, and `lends` says whether it takes part in borrowIT CT, as public libraries do.
    `months` holds a value for each month asked for, in order: three, fewer where the library was served for a
    part of the quarter only, each with nothing in it where no report was submitted. `submitted_on` is the day
    of the first report, None where there is none.
    """

    key: str
    lends: bool
    months: tuple[MonthCounts, ...]
    submitted_on: date | None
    due_on: date


def arrival(site: SiteQuarter, today: date) -> Arrival:
    """Return how a library's report of a quarter came in, seen on a day.

    Source: practice of the State Library: counts by month are reported by quarter.
    """
    if site.submitted_on is not None:
        return Arrival.IN_TIME if site.submitted_on <= site.due_on else Arrival.LATE
    return Arrival.MISSING if today > site.due_on else Arrival.NOT_DUE


def missing_months(site: SiteQuarter) -> tuple[int, ...]:
    """Return which months of a submitted report lack a count, from 0; nothing where none was submitted.

    Source: practice of the State Library: bins and loose items, in and out, are counted in each month.
    """
    if site.submitted_on is None:
        return ()
    return tuple(place for place, month in enumerate(site.months) if not month.is_whole)


@dataclass(frozen=True)
class Volume:
    """Sums of the counts that were given; a sum of nothing is 0, and `months` says of how many months."""

    bins_in: int
    items_in: int
    bins_out: int
    items_out: int
    months: int

    def delivered(self, items_per_bin: int) -> int:
        """Return the items that arrived, bins taken to hold so many each."""
        return self.bins_in * items_per_bin + self.items_in

    def sent(self, items_per_bin: int) -> int:
        """Return the items that were sent off, bins taken to hold so many each."""
        return self.bins_out * items_per_bin + self.items_out


def volume(months: Iterable[MonthCounts]) -> Volume:
    """Return what was counted in these months together.

    Source: practice of the State Library: the statewide report of volume sums what libraries counted.
    """
    given = [month for month in months if month.carried != (None,) * 4]
    return Volume(
        bins_in=sum(month.bins_in or 0 for month in given),
        items_in=sum(month.items_in or 0 for month in given),
        bins_out=sum(month.bins_out or 0 for month in given),
        items_out=sum(month.items_out or 0 for month in given),
        months=len(given),
    )


class NoEstimate(StrEnum):
    """Why a library's returns cannot be estimated."""

    NOT_REPORTED = "not reported"
    LOANS_NOT_GIVEN = "interlibrary loans not given"
    MORE_LOANS_THAN_ITEMS = "more interlibrary loans than items"
    DOES_NOT_LEND = "takes no part in borrowIT CT"


@dataclass(frozen=True)
class Returns:
    """The estimate of borrowIT CT returns: those that arrived at a library and those that it sent off.

    `loans` are the interlibrary loans taken off in each direction, `months` the months with every count that
    it takes, on which alone it rests.
    """

    arrived: int
    sent: int
    loans: int
    months: int


def estimated_returns(site: SiteQuarter, items_per_bin: int) -> Returns | NoEstimate:
    """Return the estimated borrowIT CT returns of a library in a quarter, or why there are none.

    Months whose counts or interlibrary loans were not given are left out, as nothing is known of them.
    ValueError for a bin of less than one item.

    Source: Connecticut State Library, deliverIT CT: borrowIT returns via delivery, estimates for FY 2018.
    """
    if items_per_bin < 1:
        raise ValueError(f"a bin holds at least one item, not {items_per_bin}")
    if not site.lends:
        return NoEstimate.DOES_NOT_LEND
    if not any(month.is_whole for month in site.months):
        return NoEstimate.NOT_REPORTED
    known = [month for month in site.months if month.is_whole and _loans(month) is not None]
    if not known:
        return NoEstimate.LOANS_NOT_GIVEN
    carried, loans = volume(known), sum(_loans(month) or 0 for month in known)
    arrived, sent = carried.delivered(items_per_bin) - loans, carried.sent(items_per_bin) - loans
    if arrived < 0 or sent < 0:
        return NoEstimate.MORE_LOANS_THAN_ITEMS
    return Returns(arrived, sent, loans, len(known))


def _loans(month: MonthCounts) -> int | None:
    if month.loans_sent is None or month.loans_received is None:
        return None
    return month.loans_sent + month.loans_received


@dataclass(frozen=True)
class LikeForLike:
    """What the libraries that reported every month of two quarters counted in each."""

    libraries: int
    now: Volume
    before: Volume


def like_for_like(now: Collection[SiteQuarter], before: Collection[SiteQuarter]) -> LikeForLike:
    """Return the sums of two quarters over the libraries that reported the whole of both.

    A sum over whoever happened to report changes with who reported; this one changes with what was carried.

    Source: practice of the State Library, which compares quarters and years of deliverIT CT.
    """
    earlier = {site.key: site for site in before if _is_whole(site)}
    pairs = [(site, earlier[site.key]) for site in now if _is_whole(site) and site.key in earlier]
    return LikeForLike(
        libraries=len(pairs),
        now=volume(month for site, _ in pairs for month in site.months),
        before=volume(month for _, site in pairs for month in site.months),
    )


def _is_whole(site: SiteQuarter) -> bool:
    return site.submitted_on is not None and not missing_months(site) and bool(site.months)


def by_group(sites: Iterable[SiteQuarter], groups: Mapping[str, str]) -> dict[str, Volume]:
    """Return the sums by group, such as the route of each library, in order of the groups' names.

    `groups` names the group of each library by its key; who has none is in the group "". All groups together
    are the sum of the quarter.

    Source: practice of the State Library: deliverIT CT is driven in routes, named by a letter.
    """
    months: dict[str, list[MonthCounts]] = {}
    for site in sites:
        months.setdefault(groups.get(site.key, ""), []).extend(site.months)
    return {group: volume(months[group]) for group in sorted(months)}
