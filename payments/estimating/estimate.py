"""What a fiscal year's payments would be at today's figures, long before the run: an estimate, said as one.

The split is the engine of a real run. Its figures are the totals kept for each certified filing, so that an
estimate costs milliseconds; where a period is not certified, the same months a year earlier stand in.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cached_property

from django.db import connection
from django.db.models import Sum

from libraries.models import Library
from payments import standing
from payments.calculation import split_of
from payments.counting import CountedDays, counted_days
from payments.models import Appropriation
from payments.rules.grant_formula import GrantLine, GrantSplit, LibraryActivity
from payments.standing import Participation
from transactions.models import Filing, FilingBasis, LoanCount
from transactions.rules.filing_calendar import Span, measurement_period

Loans = Mapping[int, int]
"""Units by id of the home library."""


class Source(StrEnum):
    """Where the counts of a period come from in an estimate."""

    CERTIFIED = "certified"
    OPEN_VERSION = "as entered, not certified"
    LAST_YEAR = "last year's figures"
    NOTHING = "nothing"


@dataclass(frozen=True)
class RestsOn:
    """Of how many periods, or libraries, the figures are certified, stood in for, or none."""

    certified: int = 0
    as_entered: int = 0
    last_year: int = 0
    nothing: int = 0

    def __str__(self) -> str:
        return ", ".join(
            part
            for part in (
                f"{self.certified:,} certified",
                f"{self.as_entered:,} as entered" if self.as_entered else "",
                f"{self.last_year:,} with last year's figures",
                f"{self.nothing:,} with none",
            )
            if part
        )


@dataclass(frozen=True)
class Stake:
    """What it costs if a library certifies nothing more for the year. Money in cents.

    `own_cents` is its own payment at today's figures, which is then withheld; `others_gain_cents` and
    `others_lose_cents` are what the payments of others rise and fall by, because its loans of those periods
    are then in no sum. `most_affected` is the key of the other library whose payment moves most, by
    `most_cents`; None where none moves.
    """

    own_cents: int
    others_gain_cents: int
    others_lose_cents: int
    most_affected: str | None = None
    most_cents: int = 0


@dataclass(frozen=True)
class _Part:
    """What one library lent on some days of the year, as far as it is known."""

    library_id: int
    span: Span
    source: Source
    loans: Loans


@dataclass(frozen=True)
class Estimate:
    """The split of a fiscal year as it would be at today's figures. Money in cents, loans in units.

    Everybody who takes part is taken to meet every requirement, so that a line's payment is what the library
    would get once it does; `not_in_order` names those that `without` has left out. `appropriation_year` is
    the fiscal year whose appropriation is divided: the year's own, else the latest known; None where none is
    on record, and then every payment is 0. `periods` holds, by library key, each period owed and what its
    figures rest on.
    """

    fiscal_year: int
    on: date
    appropriation_cents: int
    appropriation_year: int | None
    periods: Mapping[str, tuple[tuple[Span, Source], ...]]
    library_ids: Mapping[str, int]
    not_in_order: frozenset[str]
    _parts: tuple[_Part, ...]
    _lent: Mapping[int, int]
    _borrowed: Mapping[int, int]
    _participation: Participation

    @cached_property
    def split(self) -> GrantSplit:
        """The appropriation divided as a real run divides it, shares of who is not in order withheld."""
        return self.split_under("keep")

    def split_under(self, withheld: str) -> GrantSplit:
        """Return the appropriation divided under a policy for the shares of who is not in order.

        Source: Regs. Conn. State Agencies § 11-31c-4(b), (c).
        """
        activity = [
            LibraryActivity(
                key,
                self._lent.get(library_id, 0),
                self._borrowed.get(library_id, 0),
                eligible=key not in self.not_in_order,
            )
            for key, library_id in self.library_ids.items()
        ]
        return split_of(activity, self.fiscal_year, self.appropriation_cents, withheld=withheld)

    @cached_property
    def loans(self) -> Mapping[int, Loans]:
        """What each library lent in the year, as far as it is known, by its id."""
        found: dict[int, Counter[int]] = defaultdict(Counter)
        for part in self._parts:
            found[part.library_id].update(part.loans)
        return found

    @cached_property
    def _lines(self) -> dict[str, GrantLine]:
        return {line.key: line for line in self.split.lines}

    def of(self, key: str) -> GrantLine | None:
        """Return a library's line, None for one that takes no part in the year."""
        return self._lines.get(key)

    @property
    def rests_on(self) -> RestsOn:
        """How many of the periods owed are certified, stood in for, or without any figure."""
        return _rests_on(source for periods in self.periods.values() for _, source in periods)

    def without(self, key: str) -> "Estimate":
        """Return the estimate if a library certifies nothing more for this year.

        What it has certified stays in every sum. Its other periods add nothing to its loans or to anyone's
        borrows, whatever stood in for them, and its own shares are withheld. The same estimate where the
        library has certified all that it owes or takes no part.

        Source: C.G.S. § 11-31b; Regs. Conn. State Agencies § 11-31c-2(d), 11-31c-4(a), (b).
        """
        periods = self.periods.get(key, ())
        if all(source is Source.CERTIFIED for _, source in periods):
            return self
        library_id = self.library_ids[key]
        return replace(
            self._with_parts(
                library_id,
                leaving=lambda part: part.source is not Source.CERTIFIED,
                adding=(),
            ),
            periods={
                **self.periods,
                key: tuple(
                    (span, source if source is Source.CERTIFIED else Source.NOTHING)
                    for span, source in periods
                ),
            },
            not_in_order=self.not_in_order | {key},
        )

    def stake_of(self, key: str) -> Stake:
        """Return what it costs the library, and does to others, if it certifies nothing more (`without`)."""
        line, absent = self.of(key), self.without(key)
        if line is None or absent is self:
            return Stake(0, 0, 0)
        changes = {
            before.key: after.payment_cents - before.payment_cents
            for before, after in zip(self.split.lines, absent.split.lines, strict=True)
            if before.key != key
        }
        most, cents = max(
            changes.items(), key=lambda changed: (abs(changed[1]), changed[0]), default=(None, 0)
        )
        return Stake(
            own_cents=line.payment_cents,
            others_gain_cents=sum(change for change in changes.values() if change > 0),
            others_lose_cents=-sum(change for change in changes.values() if change < 0),
            most_affected=most if cents else None,
            most_cents=cents,
        )

    def with_filing(self, filing_id: int) -> "Estimate":
        """Return the estimate with one filing's counts as entered, in place of what stands for its period.

        Reads that filing's counts alone. The same estimate where its library takes no part in the year.
        ValueError for a filing of another year, Filing.DoesNotExist for none.

        Source: Regs. Conn. State Agencies § 11-31c-1(d), (f), 11-31c-4(b), (c).
        """
        filing = Filing.objects.select_related("library", "period").get(pk=filing_id)
        span, key = filing.period.span, filing.library.key
        if not measurement_period(self.fiscal_year).covers(span):
            raise ValueError(f"{filing} is not of the year measured for fiscal year {self.fiscal_year}")
        if key not in self.library_ids:
            return self
        took_part = self._participation[filing.library_id]
        counts = LoanCount.objects.filter(filing=filing, loans__gt=0)
        if filing.basis == FilingBasis.BY_MONTH:
            counts = counts.filter(
                month__in={month for days in _shared(span, took_part) for month in days.months()}
            )
        loans = dict(counts.values_list("home_library_id").annotate(Sum("loans")))
        source = Source.CERTIFIED if filing.is_standing else Source.OPEN_VERSION
        return replace(
            self._with_parts(
                filing.library_id,
                leaving=lambda part: part.span.overlaps(span),
                adding=(_Part(filing.library_id, span, source, loans),),
            ),
            periods={
                **self.periods,
                key: tuple(
                    (each, source if each.overlaps(span) else before) for each, before in self.periods[key]
                ),
            },
        )

    def _with_parts(
        self, library_id: int, *, leaving: Callable[[_Part], bool], adding: tuple[_Part, ...]
    ) -> "Estimate":
        """Return the estimate with parts of one library taken out and others put in."""
        kept: list[_Part] = []
        dropped: list[_Part] = []
        for part in self._parts:
            (dropped if part.library_id == library_id and leaving(part) else kept).append(part)
        lent, borrowed = dict(self._lent), dict(self._borrowed)
        for sign, parts in ((-1, dropped), (1, adding)):
            for part in parts:
                lent[library_id] = lent.get(library_id, 0) + sign * sum(part.loans.values())
                for home, units in part.loans.items():
                    borrowed[home] = borrowed.get(home, 0) + sign * units
        return replace(self, _parts=(*kept, *adding), _lent=lent, _borrowed=borrowed)


def estimate(fiscal_year: int, *, on: date) -> Estimate:
    """Return the split of a fiscal year as it would be at the figures of a day.

    A period owed that is not certified, or still runs, rests on the library's standing counts of the same
    months a year earlier, where they are on record, else on nothing. A total of last year's that was filed
    for a longer period is spread evenly over its months. Where every period is certified the lines are those
    of `calculation.calculate`. CannotCalculate where certified filings hold what no payment may rest on.

    Source: Regs. Conn. State Agencies § 11-31c-4(b), (c).
    """
    measured, before = measurement_period(fiscal_year), measurement_period(fiscal_year - 1)
    participation = standing.days_with_a_letter(measured)
    libraries = list(Library.objects.filter(pk__in=participation).order_by("key"))
    counted = counted_days(measured, participation)
    last_year: dict[int, list[CountedDays]] = defaultdict(list)
    for days in counted_days(before, standing.days_with_a_letter(before)):
        last_year[days.library_id].append(days)

    pieces = [_Piece(days.library_id, days.counted, Source.CERTIFIED, days) for days in counted]
    periods: dict[str, tuple[tuple[Span, Source], ...]] = {}
    owed = standing.filings_owed(fiscal_year, libraries, took_part=participation)
    for library in libraries:
        own = []
        for filing in owed[library.pk]:
            span, source = Span(filing.first_day, filing.last_day), Source.CERTIFIED
            if not filing.certified:
                same = [
                    _Piece(library.pk, took_part, Source.LAST_YEAR, days)
                    for took_part in _shared(span, participation[library.pk])
                    for days in last_year[library.pk]
                    if days.counted.overlaps(_a_year_before(took_part))
                ]
                pieces += same
                source = Source.LAST_YEAR if same else Source.NOTHING
            own.append((span, source))
        periods[library.key] = tuple(own)

    parts = _read(pieces)
    lent: Counter[int] = Counter()
    borrowed: Counter[int] = Counter()
    for part in parts:
        lent[part.library_id] += sum(part.loans.values())
        for home, units in part.loans.items():
            borrowed[home] += units
    cents, appropriation_year = _appropriation(fiscal_year)
    return Estimate(
        fiscal_year=fiscal_year,
        on=on,
        appropriation_cents=cents,
        appropriation_year=appropriation_year,
        periods=periods,
        library_ids={library.key: library.pk for library in libraries},
        not_in_order=frozenset(),
        _parts=tuple(parts),
        _lent=lent,
        _borrowed=borrowed,
        _participation=participation,
    )


@dataclass(frozen=True)
class _Piece:
    """Days of the year measured, and the standing filing whose counts of those months are taken for them."""

    library_id: int
    span: Span
    source: Source
    days: CountedDays

    @property
    def months(self) -> tuple[date, ...]:
        """The months of the filing that are taken, in order."""
        wanted = self.days.counted
        if self.source is Source.LAST_YEAR:
            wanted = wanted.intersection(_a_year_before(self.span)) or wanted
        return wanted.months()

    @property
    def is_whole(self) -> bool:
        """Whether all of the filing is taken, as its totals say it."""
        return self.days.whole and self.months == self.days.counted.months()


def _read(pieces: Sequence[_Piece]) -> list[_Part]:
    """Return what each piece says: from totals where a filing is taken whole, else from its months."""
    broken = {piece.days.filing_id for piece in pieces if not piece.is_whole}
    by_month = set(
        Filing.objects.filter(pk__in=broken, basis=FilingBasis.BY_MONTH).values_list("pk", flat=True)
    )
    of_months = [
        number
        for number, piece in enumerate(pieces)
        if not piece.is_whole and piece.days.filing_id in by_month
    ]
    found = _of_months(pieces, of_months) if of_months else {}
    totals = _totals({piece.days.filing_id for number, piece in enumerate(pieces) if number not in found})
    parts = []
    for number, piece in enumerate(pieces):
        loans = found.get(number)
        if loans is None:
            loans = totals.get(piece.days.filing_id, {})
            if not piece.is_whole:
                loans = _spread(loans, piece)
        parts.append(_Part(piece.library_id, piece.span, piece.source, loans))
    return parts


def _totals(filing_ids: Iterable[int]) -> dict[int, Loans]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT filing_id, array_agg(home_library_id), array_agg(loans)
            FROM transactions_filingtotal WHERE filing_id = ANY(%s)
            GROUP BY filing_id
            """,
            [list(filing_ids)],
        )
        return {
            filing_id: dict(zip(homes, loans, strict=True)) for filing_id, homes, loans in cursor.fetchall()
        }


def _of_months(pieces: Sequence[_Piece], numbers: Sequence[int]) -> dict[int, Loans]:
    """Return the loans of some months of filings by month, by the number of the piece."""
    found: dict[int, Loans] = {number: {} for number in numbers}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT number, array_agg(home_library_id), array_agg(loans)
            FROM (
                SELECT number, home_library_id, sum(loans)::bigint AS loans
                FROM unnest(%s::int[], %s::bigint[], %s::date[], %s::date[])
                    AS piece(number, filing_id, first_month, last_month)
                JOIN transactions_loancount count USING (filing_id)
                WHERE count.month BETWEEN piece.first_month AND piece.last_month AND count.loans > 0
                GROUP BY number, home_library_id
            ) AS of_home_library
            GROUP BY number
            """,
            [
                list(numbers),
                [pieces[number].days.filing_id for number in numbers],
                [pieces[number].months[0] for number in numbers],
                [pieces[number].months[-1] for number in numbers],
            ],
        )
        for number, homes, loans in cursor.fetchall():
            found[number] = dict(zip(homes, loans, strict=True))
    return found


def _spread(loans: Loans, piece: _Piece) -> Loans:
    """Return the piece's months of a total for a longer period, spread evenly; all months add up to it."""
    every = piece.days.counted.months()
    first = every.index(piece.months[0])
    beyond = first + len(piece.months)
    return {home: units * beyond // len(every) - units * first // len(every) for home, units in loans.items()}


def _shared(span: Span, took_part: Iterable[Span]) -> list[Span]:
    """Return the days of a period on which a library took part."""
    return [shared for days in took_part if (shared := days.intersection(span))]


def _a_year_before(span: Span) -> Span:
    """Return the whole months a year before those that a span touches."""
    first, last = span.months()[0], span.months()[-1]
    return Span(first.replace(year=first.year - 1), Span.of_month(last.replace(year=last.year - 1)).last_day)


def _rests_on(sources: Iterable[Source]) -> RestsOn:
    numbers = Counter(sources)
    return RestsOn(
        certified=numbers[Source.CERTIFIED],
        as_entered=numbers[Source.OPEN_VERSION],
        last_year=numbers[Source.LAST_YEAR],
        nothing=numbers[Source.NOTHING],
    )


def _appropriation(fiscal_year: int) -> tuple[int, int | None]:
    """Return the cents available and the fiscal year they are for: this one, else the latest before it."""
    known = Appropriation.objects.prefetch_related("changes")
    found = known.filter(fiscal_year__lte=fiscal_year).order_by("-fiscal_year").first()
    return (found.available_cents, found.fiscal_year) if found else (0, None)
