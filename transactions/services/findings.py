"""What the checks find in a filing, worked out anew with the rules in force, and its explanations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection
from django.db.models import Sum

from libraries.models import Library, Residency
from transactions.models import Explanation, Filing, FilingBasis, Provenance
from transactions.rules import explanations, filing_checks, reciprocity_checks
from transactions.rules.filing_calendar import program_year, program_year_of
from transactions.rules.filing_checks import Count, FilingToCheck, Problem, Tier
from transactions.rules.filing_in_context import FilingInContext, HomeLibrary
from transactions.rules.usual_counts import EarlierCounts, EarlierTotal, limits
from transactions.services.refusals import CellProblem
from transactions.services.roster import successors
from transactions.towns_served import towns_served

# What all libraries certified on the cards of each home library in one program year, without estimates, where
# nearly all of them did and the lender with them; nothing else.
_LENT_TO_RESIDENTS = """
    WITH certified AS MATERIALIZED (
        SELECT filing.id, filing.library_id, upper(filing.covers) - lower(filing.covers) AS days
        FROM transactions_filing filing JOIN transactions_filingperiod period ON period.id = filing.period_id
        WHERE filing.status = 'certified' AND filing.superseded_at IS NULL
            AND filing.provenance <> 'estimated'
            AND period.first_day >= %(first_day)s AND period.last_day <= %(last_day)s
    )
    SELECT total.home_library_id, sum(total.loans)
    FROM transactions_filingtotal total JOIN certified ON certified.id = total.filing_id
    WHERE EXISTS (SELECT FROM certified WHERE library_id = %(lender)s)
        AND (SELECT sum(days) FROM certified) * 100 >= %(nearly_all)s * %(days)s * (
            SELECT count(*) FROM libraries_library
            WHERE open_during && daterange(%(first_day)s, %(last_day)s, '[]')
        )
    GROUP BY total.home_library_id
"""

_EARLIER_LOANS = """
    SELECT filing_id, month, array_agg(home_library_id), array_agg(loans)
    FROM transactions_loancount
    WHERE filing_id = ANY(%s) AND loans IS DISTINCT FROM 0
    GROUP BY filing_id, month
"""


@dataclass(frozen=True)
class Finding:
    """One thing that a check found: how much it weighs, where, what to do, and why it is right after all.

    `home_library` is the id of the line, `month` the first day of the column; both None for the filing.
    `explanation` stands for the value as it is; `earlier_explanation` was given for a value that has changed
    too far since. `value` and `band` are as for `filing_checks.Problem`.
    """

    check: str
    tier: Tier
    message: str
    citation: str
    home_library: int | None = None
    month: date | None = None
    explanation: Explanation | None = None
    earlier_explanation: Explanation | None = None
    value: int | None = None
    band: tuple[int, int] | None = None

    @property
    def stops(self) -> bool:
        """Whether the filing cannot be submitted or certified with it."""
        return self.tier is Tier.MUST_MEND or self.needs_explanation

    @property
    def needs_explanation(self) -> bool:
        """Whether it must be explained and is not."""
        return self.tier is Tier.MUST_EXPLAIN and self.explanation is None

    def as_problem(self) -> CellProblem:
        """Return it as a service refuses it."""
        return CellProblem(self.home_library, self.month, self.message, self.citation)


def findings(filing: Filing, *, today: date) -> list[Finding]:
    """Return what the checks find in a filing, by tier: what must be mended, then explained, then the rest.

    The filing's library must be loaded. Where counts cannot be right as they stand, the checks that think
    still look at the others.
    """
    to_check, libraries = _to_check(filing)
    mend = filing_checks.must_mend(filing_checks.problems(to_check, today=today))
    context = FilingInContext(
        filing=to_check,
        today=today,
        earlier=_earlier_counts(filing, libraries, to_check.successors, today),
        others=_other_libraries(filing, libraries, to_check.successors, today),
        position=libraries[filing.library_id].position,
    )
    ids = {library.key: pk for pk, library in libraries.items()}
    explained = {
        (explanation.check_name, explanation.home_library_id, explanation.month): explanation
        for explanation in filing.explanations.select_related("by")
    }
    found = []
    for problem in [*mend, *explanations.questions(context)]:
        home_library = ids[problem.home_library] if problem.home_library else None
        explanation = explained.get((problem.check, home_library, problem.month))
        found.append(_finding(problem, home_library, explanation))
    return found


def _finding(problem: Problem, home_library: int | None, explanation: Explanation | None) -> Finding:
    stands = explanation is not None and explanations.stands(
        problem.value, (explanation.band_low, explanation.band_high)
    )
    return Finding(
        problem.check,
        problem.tier,
        problem.message,
        problem.citation,
        home_library,
        problem.month,
        explanation if stands else None,
        None if stands else explanation,
        problem.value,
        problem.band,
    )


@dataclass(frozen=True)
class _Library:
    key: str
    name: str
    town: str
    position: tuple[float, float] | None


def _to_check(filing: Filing) -> tuple[FilingToCheck, Mapping[int, _Library]]:
    """Return the filing as the checks read it, and every library by id."""
    libraries = {
        pk: _Library(key, name, town, (float(latitude), float(longitude)) if latitude and longitude else None)
        for pk, key, name, town, latitude, longitude in Library.objects.values_list(
            "pk", "key", "name", "town__name", "latitude", "longitude"
        )
    }
    counts = [
        Count(libraries[home].key, month, loans)
        for (home, month), loans in filing.loan_counts.order_by("home_library__name", "month")
        .by_cell()
        .items()
    ]
    to_check = FilingToCheck(
        lender=libraries[filing.library_id].key,
        covers=filing.covers_span,
        by_month=filing.basis == FilingBasis.BY_MONTH,
        counts=counts,
        served=towns_served(),
        nothing_lent=filing.nothing_lent,
        names={library.key: library.name for library in libraries.values()}
        | {library.town: library.town for library in libraries.values()},
        successors=successors(),
    )
    return to_check, libraries


def _earlier_counts(
    filing: Filing, libraries: Mapping[int, _Library], successors: Mapping[str, str], today: date
) -> EarlierCounts:
    """Return what the library certified for days before this filing, without estimates.

    Cards of a closed library count as its successor's.
    """
    first_day = filing.covers_span.first_day
    since = first_day.replace(year=first_day.year - limits(today).years, day=1)
    before = {
        earlier.pk: earlier
        for earlier in Filing.objects.standing()
        .filter(
            library=filing.library_id,
            covers__startswith__gte=since,
            covers__endswith__lte=first_day,
        )
        .exclude(provenance=Provenance.ESTIMATED)
        .only("pk", "basis", "covers")
    }
    months: dict[date, Mapping[str, int | None]] = {
        month: {}
        for earlier in before.values()
        if earlier.basis == FilingBasis.BY_MONTH
        for month in earlier.covers_span.months()
    }
    totals = {
        pk: EarlierTotal(earlier.covers_span, {})
        for pk, earlier in before.items()
        if earlier.basis != FilingBasis.BY_MONTH
    }
    with connection.cursor() as cursor:
        cursor.execute(_EARLIER_LOANS, [list(before)])
        for pk, month, homes, loans in cursor.fetchall():
            by_library = _by_library(homes, loans, libraries, successors)
            if month is None:
                totals[pk] = EarlierTotal(before[pk].covers_span, by_library)
            else:
                months[month] = by_library
    return EarlierCounts(months, tuple(totals.values()))


def _by_library(
    homes: Sequence[int],
    loans: Sequence[int | None],
    libraries: Mapping[int, _Library],
    successors: Mapping[str, str],
) -> Mapping[str, int | None]:
    found: dict[str, int | None] = {}
    for home, units in zip(homes, loans, strict=True):
        key = libraries[home].key
        for _ in successors:  # a successor may itself have been succeeded
            key = successors.get(key, key)
        beside = found.get(key, 0)
        found[key] = None if units is None or beside is None else units + beside
    return found


def _other_libraries(
    filing: Filing, libraries: Mapping[int, _Library], successors: Mapping[str, str], today: date
) -> dict[str, HomeLibrary]:
    """Return what is known of each home library: residents, place, and what all lent its residents."""
    span = filing.covers_span
    residents = dict(
        Residency.objects.filter(valid__contains=span.first_day)
        .values_list("library")
        .annotate(residents=Sum("town__population"))
    )
    year = program_year(program_year_of(span.first_day) - 1)
    with connection.cursor() as cursor:
        cursor.execute(
            _LENT_TO_RESIDENTS,
            {
                "first_day": year.first_day,
                "last_day": year.last_day,
                "days": year.days,
                "lender": filing.library_id,
                "nearly_all": reciprocity_checks.RULEBOOK.number(
                    "reciprocity_checks.certified_of_hundred_days", today
                ),
            },
        )
        rows = cursor.fetchall()
    lent = _by_library([home for home, _ in rows], [int(units) for _, units in rows], libraries, successors)
    return {
        library.key: HomeLibrary(
            residents=residents[pk],
            position=library.position,
            lent_to_them=lent.get(library.key, 0) if lent else None,
        )
        for pk, library in libraries.items()
        if pk in residents
    }
