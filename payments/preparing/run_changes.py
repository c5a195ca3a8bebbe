"""What changed underneath a calculation since it was made, by whom and when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from connecticard.models import AuditEvent, User
from payments.calculation import Calculation, calculate
from payments.counting import CannotCalculate
from payments.models import ExpenditureReport, ExpenditureReportWaiver, PastPayment, PaymentRun
from payments.rules.cents import dollars
from payments.rules.expenditure_reporting import report_due_in
from transactions.models import Filing, FilingPeriod, Waiver
from transactions.rules.filing_calendar import eastern_day

POLICY_IN_WORDS = {
    "keep": "their shares are kept for them, withheld",
    "redistribute": "their shares are divided among the others",
}

# Acts on which a payment may rest, in words; those upon a record of a year are asked which year.
_ACTS = {
    "appropriation_changed": "amount available changed",
    "cadence_chosen": "a cadence was chosen",
    "cadence_choice_withdrawn": "a choice of cadence was taken back",
    "expenditure_report_certified": "expenditure report certified",
    "expenditure_report_submitted": "expenditure report submitted",
    "expenditure_waiver_approved": "waiver of an expenditure report approved",
    "filing_certified": "filing certified",
    "filing_certified_in_bulk": "filing imported as certified",
    "filing_period_dates_changed": "dates of a filing period changed",
    "filing_submitted": "filing submitted",
    "holiday_added": "holiday added",
    "holiday_removed": "holiday removed",
    "legal_standing_determined": "legal standing determined",
    "letter_recorded": "letter of agreement recorded",
    "letter_withdrawn": "letter of agreement withdrawn",
    "library_closed": "library closed",
    "money_received_recorded": "money received recorded",
    "residency_changed": "home libraries of the town changed",
    "succession_recorded": "legal successor recorded",
    "waiver_approved": "waiver approved",
}
_RESIDENCY = "residency_changed"


@dataclass(frozen=True)
class Cause:
    """An act on record since the calculation, on which a payment may rest; `url` may be empty."""

    what: str
    label: str
    by: User | None
    at: datetime
    url: str


@dataclass(frozen=True)
class Changes:
    """What is different today: each effect in a sentence, the acts behind them, newest first.

    `problems` say why today's figures cannot be calculated at all, empty where they can.
    """

    effects: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()
    problems: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.effects or self.problems)


def calculation_of(run: PaymentRun, at: datetime) -> Calculation:
    """Return a run worked out from what is certified now, under the policy chosen last.

    Raises CannotCalculate where a certified filing holds what no payment may rest on.
    """
    return calculate(
        run.fiscal_year,
        run.appropriation.available_cents,
        withheld=run.next_policy or run.withheld_policy,
        assume_eligible=run.assumed_eligible,
        on=eastern_day(at),
    )


def changes_since_calculated(run: PaymentRun, *, at: datetime) -> Changes:
    """Return what changed since a run was calculated; nothing where it may be certified as it is.

    Works the whole run out anew: about an eighth of a second with the counts of the state. A row of
    residency is no input of the split, and may refuse what is counted, so it is asked for by itself.
    """
    events = _events_since(run)
    moved = [event for event in events if event.action == _RESIDENCY]
    try:
        today = calculation_of(run, at)
    except CannotCalculate as cannot:
        return Changes(causes=tuple(_causes(run, events)), problems=cannot.problems)
    effects = []
    if run.next_policy:
        effects.append(
            f"The policy for libraries not in order is now that {POLICY_IN_WORDS[run.next_policy]}."
        )
    effects += [f"The home libraries of {event.target_label} were changed." for event in moved]
    if today.manifest_sha256 != run.manifest_sha256:
        effects += list(_effects(run, today)) or (
            [] if effects else ["A filing was amended without a change of its sums."]
        )
    return Changes(tuple(effects), tuple(_causes(run, events))) if effects else Changes()


def _effects(run: PaymentRun, today: Calculation) -> Iterator[str]:
    """Yield in sentences how the inputs of today differ from those that the run was calculated from."""
    if today.inputs.appropriation_cents != run.appropriation_cents:
        yield (
            f"The amount available was {dollars(run.appropriation_cents or 0)} and is "
            f"{dollars(today.inputs.appropriation_cents)}."
        )
    if today.inputs.rulebook_edition != run.rulebook_edition:
        yield "The rulebook of the year changed."
    then = {
        payment.library.key: payment
        for payment in run.payments.select_related("library").prefetch_related("unmet_requirements")
    }
    for key, payment in then.items():
        if key not in today.library_ids:
            yield f"{payment.library} is no longer among those that took part."
    for library in today.inputs.activity:
        name = today.names[library.key]
        if library.key not in then:
            yield f"{name} is now among those that took part."
            continue
        payment = then[library.key]
        for what, was, now in (
            ("lent", payment.loans, library.loans),
            ("borrowed elsewhere", payment.borrows, library.borrows),
        ):
            if was != now:
                yield f"{name}: {what} {was:,} when it was calculated, {now:,} today."
        was_unmet = sorted(unmet.code for unmet in payment.unmet_requirements.all())
        now_unmet = today.inputs.unmet.get(library.key, ())
        if was_unmet != sorted(unmet.code for unmet in now_unmet):
            reasons = " ".join(unmet.reason for unmet in now_unmet)
            yield f"{name}: {reasons or 'every requirement is met now.'}"


def _events_since(run: PaymentRun) -> list[AuditEvent]:
    """Return the acts recorded after the run's calculation, newest first.

    Told apart by their order on record, not by the clock: a calculation holds the lock on what it reads.
    """
    of_run = AuditEvent.objects.filter(
        target_type=run._meta.label_lower, target_id=run.pk, action="payment_run_calculated"
    )
    calculated = of_run.order_by("-pk").values_list("pk", flat=True).first()
    if calculated is None:
        return []
    since = AuditEvent.objects.filter(pk__gt=calculated, action__in=_ACTS).select_related("by")
    return list(since.order_by("-pk"))


def _causes(run: PaymentRun, events: list[AuditEvent]) -> Iterator[Cause]:
    """Yield the acts that concern the year of a run."""
    filings = {
        pk: (key, first_day)
        for pk, key, first_day in Filing.objects.within(run.measured)
        .filter(pk__in=_ids(events, Filing))
        .values_list("pk", "library__key", "period__first_day")
    }
    covered = report_due_in(run.fiscal_year).covers_fiscal_year
    of_the_year = {
        Filing._meta.label_lower: set(filings),
        FilingPeriod._meta.label_lower: _pks(
            FilingPeriod.objects.within(run.measured).filter(pk__in=_ids(events, FilingPeriod))
        ),
        Waiver._meta.label_lower: _pks(
            Waiver.objects.filter(
                pk__in=_ids(events, Waiver), period__in=FilingPeriod.objects.within(run.measured)
            )
        ),
        run.appropriation._meta.label_lower: {run.appropriation_id},
        **{
            model._meta.label_lower: _pks(
                model._default_manager.filter(pk__in=_ids(events, model), fiscal_year=covered)
            )
            for model in (ExpenditureReport, ExpenditureReportWaiver, PastPayment)
        },
    }
    for event in events:
        concerned = of_the_year.get(event.target_type)
        if concerned is not None and event.target_id not in concerned:
            continue
        url = ""
        if event.target_type == Filing._meta.label_lower:
            url = reverse("transactions:filing", args=[event.target_id])
        yield Cause(_ACTS[event.action], event.target_label, event.by, event.at, url)


def _ids(events: list[AuditEvent], model: type) -> list[int]:
    label = model._meta.label_lower  # type: ignore[attr-defined]
    return [event.target_id for event in events if event.target_type == label]


def _pks(rows: object) -> set[int]:
    return set(rows.values_list("pk", flat=True))  # type: ignore[attr-defined]
