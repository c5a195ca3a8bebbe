"""What certified amendments make of the shares of a run whose money went out: worked out, nothing stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import QuerySet, Sum

from connecticard.canonical_json import sha256_of
from payments import standing
from payments.calculation import hashed_inputs, manifest_sha256, split_of
from payments.counting import CountedDays, counted_days, loans_and_borrows, refuse_unreportable
from payments.disbursing.disbursement import is_disbursed
from payments.models import CorrectionLine, CorrectionStatement, CountedFiling, PaymentRun, WithheldRelease
from payments.rules import rulebook
from payments.rules.correction import ShareDifference, share_differences, why_not_correct
from payments.rules.grant_formula import GrantSplit, LibraryActivity
from payments.rules.payment_run_status import PaymentRunStatus
from transactions.models import Filing, Provenance
from transactions.rules._wording import written_day, written_span
from transactions.rules.filing_calendar import Span, eastern_day


@dataclass(frozen=True)
class CorrectedDays:
    """Days of a standing filing that a correction counts, and the filing that the run counted for them.

    `replaces` is None where the run counted none: a filing first certified after it, which the use report
    shows and the split leaves out.
    """

    days: CountedDays
    replaces: int | None

    @property
    def is_amended(self) -> bool:
        """Whether another version stands now than the run counted."""
        return self.replaces is not None and self.replaces != self.days.filing_id


@dataclass(frozen=True)
class Correction:
    """The split of a run as its filings stand now. Money in cents."""

    days: tuple[CorrectedDays, ...]
    split: GrantSplit
    differences: tuple[ShareDifference, ...]
    paid: frozenset[str]
    """Keys of the libraries whose share went to them."""
    rulebook_edition: str
    inputs_sha256: str
    manifest_sha256: str


@dataclass(frozen=True)
class Amendment:
    """A filing that was certified anew: whose, for which months, why, and what it counted and counts."""

    library: str
    months: str
    version: int
    reason: str
    certified_on: date
    loans_before: int
    loans: int

    def __str__(self) -> str:
        return (
            f"{self.library}, {self.months}: lent {self.loans_before:,} before, {self.loans:,} by version "
            f"{self.version}, certified {written_day(self.certified_on)} ({self.reason})."
        )


def amendments(statement: CorrectionStatement) -> list[Amendment]:
    """Return what a statement counts otherwise than the one before it, or the run where it is the first.

    A filing first certified after the run is not among them: it corrects no share.
    """
    before = statement.run.corrections.filter(number=statement.number - 1).first()
    stated = (
        {row.replaces_id: row.filing_id for row in before.filings.filter(replaces__isnull=False)}
        if before
        else {}
    )
    return _amendments(
        {
            row.filing_id: stated.get(row.replaces_id, row.replaces_id)
            for row in statement.filings.filter(replaces__isnull=False)
            if row.replaces_id is not None
        }
    )


def amendments_waiting(run: PaymentRun) -> list[Amendment]:
    """Return the amendments that no certified statement counts yet."""
    replaced = _counted(run, last_statement(run)).filter(superseded_at__isnull=False)
    places = {_place(filing): filing.pk for filing in replaced}
    standing_now = Filing.objects.standing().filter(period__in={period for _, period in places})
    return _amendments(
        {filing.pk: places[_place(filing)] for filing in standing_now if _place(filing) in places}
    )


def _amendments(replaces: Mapping[int, int]) -> list[Amendment]:
    """Return an amendment for each filing that stands in the place of another; ids of filings."""
    changed = {pk: before for pk, before in replaces.items() if pk != before}
    filings = Filing.objects.filter(pk__in={*changed, *changed.values()})
    loans = dict(filings.values_list("pk").annotate(Sum("totals__loans", default=0)).order_by())
    return [
        Amendment(
            library=str(filing.library),
            months=written_span(Span(filing.covers.lower, filing.covers.upper - timedelta(days=1))),
            version=filing.version,
            reason=filing.amends_because,
            certified_on=eastern_day(filing.certified_at),
            loans_before=loans[changed[filing.pk]],
            loans=loans[filing.pk],
        )
        for filing in Filing.objects.filter(pk__in=changed)
        .select_related("library")
        .order_by("library__key", "covers")
        if filing.certified_at is not None
    ]


def counted_by(statement: CorrectionStatement) -> list[CountedDays]:
    """Return every filing that a statement shows, late ones too, as its use report counts them."""
    return [
        CountedDays(
            filing_id=row.filing_id,
            library_id=row.filing.library_id,
            library_key=row.filing.library.key,
            counted=Span(row.counted.lower, row.counted.upper - timedelta(days=1)),
            whole=row.counted == row.filing.covers,
            sha256=row.filing.sha256,
            estimated=row.filing.provenance == Provenance.ESTIMATED,
        )
        for row in statement.filings.select_related("filing__library").order_by(
            "filing__library__key", "counted"
        )
    ]


def last_statement(run: PaymentRun) -> CorrectionStatement | None:
    """Return the last certified correction statement of a run."""
    return run.corrections.certified().select_related("certified_by").order_by("-number").first()


def why_no_statement(run: PaymentRun) -> str | None:
    """Return why no correction statement of a run is due, in a sentence; None where one is.

    Source: Regs. Conn. State Agencies § 11-31c-4(a).
    """
    certified = run.status == PaymentRunStatus.CERTIFIED
    disbursed = certified and is_disbursed(run)
    return why_not_correct(certified=certified, disbursed=disbursed, amended=disbursed and is_amended(run))


def awaits_statement(run: PaymentRun) -> bool:
    """Return whether an amendment after disbursement waits for its correction statement."""
    return why_no_statement(run) is None


def is_amended(run: PaymentRun) -> bool:
    """Return whether other filings stand than those that the last statement counts, or else the run."""
    return _counted(run, last_statement(run)).filter(superseded_at__isnull=False).exists()


def corrected_days(run: PaymentRun) -> list[CorrectedDays]:
    """Return what counts of a run's filings as they stand now, by library key and day.

    Each filing that the run counted is replaced by the version that stands, for the same days. Who took part
    stays as it was certified. CannotCalculate for a late filing that no report may rest on.

    Source: Regs. Conn. State Agencies § 11-31c-4(a) to (c).
    """
    rows = run.counted_filings.select_related("filing__library").order_by("filing__library__key", "counted")
    known = {(row.filing.library_id, row.filing.period_id) for row in rows}
    standing_now = {
        (filing.library_id, filing.period_id): filing
        for filing in Filing.objects.standing()
        .filter(period__in={period for _, period in known})
        .select_related("library")
    }
    found = [
        CorrectedDays(_replaced(row, standing_now.get(_place(row.filing), row.filing)), row.filing_id)
        for row in rows
    ]
    measured = run.measured
    took_part = (
        standing.open_days(measured) if run.assumed_eligible else standing.days_with_a_letter(measured)
    )
    participants = set(run.payments.values_list("library", flat=True))
    counted_now = counted_days(
        measured, {library: spans for library, spans in took_part.items() if library in participants}
    )
    places = dict(
        Filing.objects.filter(pk__in=[days.filing_id for days in counted_now]).values_list("pk", "period")
    )
    late = [
        CorrectedDays(days, None)
        for days in counted_now
        if (days.library_id, places[days.filing_id]) not in known
    ]
    return sorted(found + late, key=lambda one: (one.days.library_key, one.days.counted.first_day))


def correct(run: PaymentRun) -> Correction:
    """Work out a run's shares from its filings as they stand now; who was in order stays as certified.

    Raises CannotCalculate where an amended filing holds what no payment may rest on.

    Source: Regs. Conn. State Agencies § 11-31c-4(a) to (c).
    """
    days = corrected_days(run)
    counted = [one.days for one in days if one.replaces is not None]
    refuse_unreportable(counted)
    totals = loans_and_borrows(counted)
    payments = list(
        run.payments.select_related("library").prefetch_related("unmet_requirements").order_by("library__key")
    )
    activity = [
        LibraryActivity(
            payment.library.key, *totals.get(payment.library_id, (0, 0)), eligible=payment.eligible
        )
        for payment in payments
    ]
    amount = run.appropriation_cents or 0
    split = split_of(activity, run.fiscal_year, amount, withheld=run.withheld_policy)
    edition = rulebook.edition_of(run.fiscal_year)
    digest = sha256_of(
        hashed_inputs(
            fiscal_year=run.fiscal_year,
            appropriation_cents=amount,
            withheld=run.withheld_policy,
            assumed_eligible=run.assumed_eligible,
            counted=counted,
            activity=activity,
            unmet={
                payment.library.key: [
                    (unmet.citation, unmet.code) for unmet in payment.unmet_requirements.all()
                ]
                for payment in payments
            },
            rulebook_edition=edition,
        )
    )
    certified = {
        payment.library.key: payment.transactions_share_cents + payment.net_plus_share_cents
        for payment in payments
    }
    released = set(
        WithheldRelease.objects.approved().filter(payment__run=run).values_list("payment", flat=True)
    )
    return Correction(
        days=tuple(days),
        split=split,
        differences=share_differences(
            certified,
            _stated(run) or certified,
            {line.key: line.transactions_share_cents + line.net_plus_share_cents for line in split.lines},
        ),
        paid=frozenset(
            payment.library.key for payment in payments if payment.eligible or payment.pk in released
        ),
        rulebook_edition=edition,
        inputs_sha256=digest,
        manifest_sha256=manifest_sha256(digest, split),
    )


def lines_of_library(library_id: int) -> list[CorrectionLine]:
    """Return a library's lines of certified statements in which its share differs, newest first."""
    lines = (
        CorrectionLine.objects.filter(library=library_id, statement__certified_at__isnull=False)
        .select_related("statement__run__publication", "library")
        .order_by("-statement__run__fiscal_year", "-statement__number")
    )
    return [line for line in lines if line.difference_cents or line.total_cents]


def _counted(run: PaymentRun, last: CorrectionStatement | None) -> QuerySet[Filing]:
    """Return the filings that the last statement counts in the split, or the run where there is none."""
    if last is None:
        return Filing.objects.filter(pk__in=run.counted_filings.values("filing"))
    return Filing.objects.filter(pk__in=last.filings.filter(replaces__isnull=False).values("filing"))


def _stated(run: PaymentRun) -> dict[str, int]:
    """Return the shares of the last certified statement, by library key; empty where there is none."""
    last = last_statement(run)
    return dict(last.lines.values_list("library__key", "corrected_cents")) if last else {}


def _place(filing: Filing) -> tuple[int, int]:
    return filing.library_id, filing.period_id


def _replaced(row: CountedFiling, filing: Filing) -> CountedDays:
    """Return the days that a run counted, of the version that stands; all of it where all of it counted."""
    whole = row.counted == row.filing.covers
    counted = filing.covers if whole else row.counted
    return CountedDays(
        filing_id=filing.pk,
        library_id=filing.library_id,
        library_key=filing.library.key,
        counted=Span(counted.lower, counted.upper - timedelta(days=1)),
        whole=whole,
        sha256=filing.sha256,
        estimated=filing.provenance == Provenance.ESTIMATED,
    )
