"""What a what-if question starts from: the figures that a run froze, or the estimate of an open year."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import F, QuerySet
from django.utils.translation import gettext

from connecticard.permissions import Action, may
from libraries.models import Library
from payments.estimating.estimate import Estimate
from payments.estimating.latest_estimate import latest_estimate
from payments.models import PaymentRun
from payments.owing.owed import fiscal_years
from payments.rules.grant_formula import GrantLine, GrantSplit, LibraryActivity
from payments.rules.payment_run_status import PaymentRunStatus
from transactions.rules.filing_calendar import Span, measurement_period

KEY_PATTERN = r"[0-9]{4}-(?:[1-9][0-9]{0,3}|open)"
"""How a question names a base."""


class CannotAsk(Exception):
    """A question that has no answer on this base; `problems` says, by the name of the parameter, why."""

    def __init__(self, problems: Mapping[str, str]):
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


class Lent(NamedTuple):
    """What libraries lent on the cards of each home library, summed home library by home library.

    `upto` holds, by key of the lender, what it lent on cards of the first of `home_libraries`, of the first
    two, and so on; the last is all that it lent.
    """

    home_libraries: tuple[str, ...]
    upto: dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Base:
    """What a question starts from: a year's split as it stands, and what can be changed about it.

    `run` is the run whose frozen figures these are, `estimate` that of an open year; one of the two.
    """

    fiscal_year: int
    appropriation_cents: int
    withheld: str
    activity: Mapping[str, LibraryActivity]
    split: GrantSplit
    estimated: bool
    run: PaymentRun | None = None
    estimate: Estimate | None = None

    @property
    def key(self) -> str:
        """How a question names it: 2018-1 for a run, 2027-open for an open year."""
        return open_key(self.fiscal_year) if self.run is None else run_key(self.run)

    @property
    def measured(self) -> Span:
        """The twelve months measured."""
        return measurement_period(self.fiscal_year)

    def lent(self, lenders: Collection[str]) -> Lent:
        """Return what these libraries lent, by key. What was read of a run once is kept."""
        if self.estimate is not None:
            return _lent_in_estimate(self.estimate, lenders)
        assert self.run is not None
        kept = _lent_in_run(self.run.pk, self.run.inputs_sha256)
        if missing := [key for key in lenders if key not in kept.upto]:
            # Two threads may read the same rows; they read the same.
            kept.upto.update(_read_lent(self.run.pk, missing, kept.home_libraries))
        return Lent(kept.home_libraries, {key: kept.upto[key] for key in lenders})


def run_key(run: PaymentRun) -> str:
    """Return how a question names a run."""
    return f"{run.fiscal_year}-{run.number}"


def open_key(fiscal_year: int) -> str:
    """Return how a question names an open year."""
    return f"{fiscal_year}-open"


def bases_for(user: Any, *, on: date) -> list[tuple[str, str]]:
    """Return what somebody may ask about, the latest year first: the key of each, and in words.

    Published runs for everybody. Who sees runs that are not published may also ask about these, once they are
    calculated, and about the years that are open on a day. A void run is answered, but not offered.
    """
    found = [
        (
            run.fiscal_year,
            run.number,
            run_key(run),
            gettext("Fiscal year %(fiscal_year)s: %(run)s")
            % {"fiscal_year": run.fiscal_year, "run": run_in_words(run)},
        )
        for run in _runs(user).exclude(status=PaymentRunStatus.VOID)
    ]
    found += [
        (year, 10_000, open_key(year), f"Fiscal year {year}, open: estimated at today's figures")
        for year in _open_years(user, on)
    ]
    return [(key, words) for *_, key, words in sorted(found, reverse=True)]


def base_named(key: str, user: Any, *, on: date) -> Base | None:
    """Return what a key names, as somebody may see it on a day; None where it names nothing for them.

    CannotCalculate for an open year whose certified filings hold what no payment may rest on.
    """
    if not re.fullmatch(KEY_PATTERN, key):
        return None
    year, _, which = key.partition("-")
    if which == "open":
        return base_of_open_year(int(year), on=on) if int(year) in _open_years(user, on) else None
    run = _runs(user).filter(fiscal_year=int(year), number=int(which)).first()
    return base_of_run(run) if run is not None else None


def run_in_words(run: PaymentRun) -> str:
    """Return a run as a question names it to a reader."""
    named = {"key": run_key(run), "status": gettext(run.status)}
    if run.status == PaymentRunStatus.CERTIFIED:
        return gettext("payment run %(key)s") % named
    return gettext("payment run %(key)s, %(status)s") % named


def _runs(user: Any) -> QuerySet[PaymentRun]:
    return PaymentRun.objects.visible_to(user).filter(calculated_at__isnull=False)


def _open_years(user: Any, on: date) -> list[int]:
    """Return the years that can still be earned or paid on a day and have no certified run."""
    if not may(user, Action.VIEW_RUNS):
        return []
    certified = PaymentRun.objects.filter(status=PaymentRunStatus.CERTIFIED)
    done = set(certified.values_list("fiscal_year", flat=True))
    return [year for year in fiscal_years(on) if year not in done]


def base_of_run(run: PaymentRun) -> Base:
    """Return what a run froze when it was calculated; CannotAsk where it was not."""
    if run.calculated_at is None:
        raise CannotAsk({"base": f"{run} is not calculated. Calculate it, then ask."})
    activity, split = _frozen(run, run.manifest_sha256)
    return Base(
        fiscal_year=run.fiscal_year,
        appropriation_cents=run.appropriation_cents or 0,
        withheld=run.withheld_policy,
        activity=activity,
        split=split,
        estimated=run.estimated,
        run=run,
    )


def base_of_open_year(fiscal_year: int, *, on: date) -> Base:
    """Return a year that has no certified run at the figures of a day, as `estimate` works them out.

    Everybody who takes part is taken to meet every requirement. CannotCalculate where certified filings hold
    what no payment may rest on.

    Source: Regs. Conn. State Agencies § 11-31c-4(b), (c).
    """
    found = latest_estimate(fiscal_year, on=on)
    return Base(
        fiscal_year=fiscal_year,
        appropriation_cents=found.appropriation_cents,
        withheld="keep",
        activity={
            line.key: LibraryActivity(line.key, line.loans, line.borrows, line.key not in found.not_in_order)
            for line in found.split.lines
        },
        split=found.split,
        estimated=found.rests_on.certified != sum(len(periods) for periods in found.periods.values()),
        estimate=found,
    )


# What is read of a run is kept under the hash of its figures: the same hash, the same figures.


_FIGURES = [figure.name for figure in fields(GrantLine) if figure.name != "key"]


@lru_cache(maxsize=16)
def _frozen(run: PaymentRun, manifest_sha256: str) -> tuple[Mapping[str, LibraryActivity], GrantSplit]:
    """Return what each library lent, borrowed and was paid in a run."""
    lines: list[GrantLine] = []
    activity: dict[str, LibraryActivity] = {}
    rows = run.payments.order_by("library__key").values("eligible", *_FIGURES, key=F("library__key"))
    for row in rows:
        eligible = row.pop("eligible")
        line = GrantLine(**row)
        lines.append(line)
        activity[line.key] = LibraryActivity(line.key, line.loans, line.borrows, eligible)
    return activity, GrantSplit(
        transactions_pool_cents=run.transactions_pool_cents or 0,
        net_plus_pool_cents=run.net_plus_pool_cents or 0,
        lines=tuple(lines),
        undistributed_cents=run.undistributed_cents or 0,
    )


@lru_cache(maxsize=16)
def _lent_in_run(run_id: int, inputs_sha256: str) -> Lent:
    """Return the place where what the libraries of a run lent is kept once it was read."""
    return Lent(tuple(sorted(Library.objects.values_list("key", flat=True))), {})


def _read_lent(
    run_id: int, lenders: Sequence[str], home_libraries: Sequence[str]
) -> dict[str, tuple[int, ...]]:
    """Return what these libraries lent in a run, from the totals of its filings.

    Of a filing of which only some months count, these months are summed.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH counted AS MATERIALIZED (
                SELECT filing.id AS filing_id, lender.key AS lender, counted.counted, filing.covers
                FROM libraries_library lender
                JOIN transactions_filing filing ON filing.library_id = lender.id
                JOIN payments_countedfiling counted ON counted.filing_id = filing.id
                WHERE counted.run_id = %s AND lender.key = ANY(%s)
            ), units AS (
                SELECT lender, home_library_id, sum(loans)::bigint AS units
                FROM (
                    SELECT lender, home_library_id, loans
                    FROM counted JOIN transactions_filingtotal USING (filing_id)
                    WHERE counted = covers
                    UNION ALL
                    SELECT lender, home_library_id, loans
                    FROM counted JOIN transactions_loancount USING (filing_id)
                    WHERE counted <> covers AND loans > 0
                      AND month >= date_trunc('month', lower(counted)) AND month < upper(counted)
                ) AS counts
                GROUP BY lender, home_library_id
            )
            SELECT lender, array_agg(home.key), array_agg(units)
            FROM units JOIN libraries_library home ON home.id = units.home_library_id
            GROUP BY lender
            """,
            [run_id, list(lenders)],
        )
        found = {lender: dict(zip(homes, units, strict=True)) for lender, homes, units in cursor.fetchall()}
    return {lender: _running(found.get(lender, {}), home_libraries) for lender in lenders}


def _lent_in_estimate(found: Estimate, lenders: Collection[str]) -> Lent:
    libraries = sorted((key, pk) for pk, key in Library.objects.values_list("pk", "key"))
    homes = tuple(key for key, _ in libraries)
    ids = [pk for _, pk in libraries]
    return Lent(
        homes, {lender: _running(found.loans.get(found.library_ids[lender], {}), ids) for lender in lenders}
    )


def _running(units: Mapping[Any, int], home_libraries: Sequence[Any]) -> tuple[int, ...]:
    return tuple(accumulate(units.get(home, 0) for home in home_libraries))
