"""Money withheld in a run: line by line what is missing, what was released, what lapsed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.db.models import QuerySet, Sum

from payments.correcting.cure import Cure, cures
from payments.disbursing.board_orders import order_of
from payments.models import Payment, PaymentCutoff, PaymentRun, WithheldLapse, WithheldRelease
from payments.rules.payment_run_status import PaymentRunStatus
from payments.rules.withheld_release import ReleaseRefusal, has_lapsed, last_day_of_release, release_refusals


class WithheldState(StrEnum):
    """Where money withheld from a library stands."""

    NOT_CURED = "not_cured"
    CURED = "cured"
    WAITING = "waiting"
    RELEASED = "released"
    TO_LAPSE = "to_lapse"
    LAPSED = "lapsed"

    @property
    def label(self) -> str:
        """The state in words for people."""
        return {
            WithheldState.NOT_CURED: "Not cured",
            WithheldState.CURED: "Cured, waits for the Board's order",
            WithheldState.WAITING: "Release waits for a second person",
            WithheldState.RELEASED: "Released",
            WithheldState.TO_LAPSE: "Past its last day",
            WithheldState.LAPSED: "Lapsed",
        }[self]


@dataclass(frozen=True)
class WithheldLine:
    """What was withheld from one library, and what stands in the way of its release."""

    payment: Payment
    cure: Cure
    release: WithheldRelease | None
    """The release that holds: approved, or waiting for a second person."""
    lapse: WithheldLapse | None
    refusals: tuple[ReleaseRefusal, ...]
    """Why it could not be released by an order of the day asked about; empty where it could."""
    past_last_day: bool

    @property
    def state(self) -> WithheldState:
        """Where it stands."""
        if self.release:
            return WithheldState.RELEASED if self.release.approved_at else WithheldState.WAITING
        if self.lapse:
            return WithheldState.LAPSED
        if self.past_last_day:
            return WithheldState.TO_LAPSE
        return WithheldState.NOT_CURED if self.cure.on is None else WithheldState.CURED


@dataclass(frozen=True)
class UndistributedPool:
    """What nobody had a share in, in cents; it lapses as withheld money does."""

    pool: str
    cents: int

    @property
    def label(self) -> str:
        """The pool in words for people."""
        return "Transactions pool" if self.pool == "transactions" else "Net-plus pool"


def cutoff_of(fiscal_year: int) -> PaymentCutoff | None:
    """Return the Comptroller's cut-off in force for a fiscal year; None where June 30 holds."""
    return PaymentCutoff.objects.filter(fiscal_year=fiscal_year).select_related("recorded_by").first()


def last_day_of(fiscal_year: int) -> date:
    """Return the last day on which an order can release money withheld in a fiscal year.

    Source: C.G.S. § 4-89.
    """
    return last_day_of_release(fiscal_year, comptroller_cutoff=_cutoff_day(fiscal_year))


def is_past(fiscal_year: int, on: date) -> bool:
    """Return whether what no order covers has lapsed on a day.

    Source: C.G.S. § 4-89.
    """
    return has_lapsed(fiscal_year, on, comptroller_cutoff=_cutoff_day(fiscal_year))


def refusals_of(
    run: PaymentRun, *, cured_on: date | None, ordered_on: date | None
) -> tuple[ReleaseRefusal, ...]:
    """Return why money withheld in a run may not be released so; empty where it may.

    Source: C.G.S. §§ 4-89, 11-31b; Regs. Conn. State Agencies § 11-31c-4(a), (b).
    """
    return release_refusals(
        fiscal_year=run.fiscal_year,
        withheld=run.withheld_policy,
        cured_on=cured_on,
        ordered_on=ordered_on,
        comptroller_cutoff=_cutoff_day(run.fiscal_year),
    )


def withheld_lines(run: PaymentRun, *, on: date) -> list[WithheldLine]:
    """Return every line of a run with money withheld, as it stands on a day, by the library's name."""
    payments = list(
        run.payments.filter(withheld_cents__gt=0)
        .select_related("library", "run")
        .prefetch_related("unmet_requirements")
        .order_by("library__name", "library__key")
    )
    judged = cures(payments, on=on)
    releases = {
        release.payment_id: release
        for release in WithheldRelease.objects.holding()
        .filter(payment__run=run)
        .select_related("order", "recorded_by", "approved_by")
    }
    lapses = {lapse.payment_id: lapse for lapse in run.lapses.standing().filter(payment__isnull=False)}
    past = is_past(run.fiscal_year, on)
    return [
        WithheldLine(
            payment=payment,
            cure=judged[payment.pk],
            release=releases.get(payment.pk),
            lapse=lapses.get(payment.pk),
            refusals=refusals_of(run, cured_on=judged[payment.pk].on, ordered_on=on),
            past_last_day=past,
        )
        for payment in payments
    ]


def undistributed_pools(run: PaymentRun) -> Iterator[UndistributedPool]:
    """Yield each pool of a calculated run of which cents were not distributed.

    Source: Regs. Conn. State Agencies § 11-31c-4(b), (c); C.G.S. § 4-89.
    """
    shares = run.payments.aggregate(
        transactions=Sum("transactions_share_cents", default=0),
        net_plus=Sum("net_plus_share_cents", default=0),
    )
    for pool, cents in (
        ("transactions", run.transactions_pool_cents),
        ("net_plus", run.net_plus_pool_cents),
    ):
        if left := (cents or 0) - shares[pool]:
            yield UndistributedPool(pool, left)


def cured_lines(run: PaymentRun, *, on: date) -> list[WithheldLine]:
    """Return the lines that an order of the Board made on a day would release."""
    return [line for line in withheld_lines(run, on=on) if line.state is WithheldState.CURED]


def lapses_to_record(run: PaymentRun, *, on: date) -> bool:
    """Return whether money of a run has lapsed by a day and is not on record as lapsed."""
    return bool(
        run.status == PaymentRunStatus.CERTIFIED
        and is_past(run.fiscal_year, on)
        and (
            lapsing_payments(run).exists()
            or {one.pool for one in undistributed_pools(run)} - set(run.lapses.values_list("pool", flat=True))
        )
    )


def never_ordered_cents(run: PaymentRun, *, on: date) -> int:
    """Return what a certified run pays and no order dated by the last day covers, in cents; 0 until then.

    0 too for a year of before this system, whose orders are not on record here.

    Source: C.G.S. §§ 4-89, 11-31b.
    """
    if run.status != PaymentRunStatus.CERTIFIED or run.assumed_eligible or not is_past(run.fiscal_year, on):
        return 0
    order = order_of(run)
    if order is not None and order.dated <= last_day_of(run.fiscal_year):
        return 0
    return sum(run.payments.values_list("payment_cents", flat=True))


def lapsing_payments(run: PaymentRun) -> QuerySet[Payment]:
    """Return the payments with money withheld that no release holds and no lapse is on record of."""
    return (
        run.payments.filter(withheld_cents__gt=0)
        .exclude(pk__in=WithheldRelease.objects.holding().filter(payment__run=run).values("payment"))
        .exclude(pk__in=run.lapses.standing().filter(payment__isnull=False).values("payment"))
    )


def _cutoff_day(fiscal_year: int) -> date | None:
    cutoff = cutoff_of(fiscal_year)
    return cutoff.last_day if cutoff else None
