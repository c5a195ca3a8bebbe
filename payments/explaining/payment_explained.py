"""A library's payment explained: divisions, rounding, requirements and change in one value.

The page, the statement and the REST interface tell the same from it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from libraries.models import LibraryName
from payments.explaining.change_of_payment import Change, ChangesOfRun
from payments.explaining.explanation import Division, Totals, divisions, totals
from payments.explaining.requirements_met import Requirement, RequirementsOfRun, WaiverNote, waivers_of_run
from payments.models import Payment, PaymentRun
from payments.rules.cents import Place, rounding_queue
from transactions.models import reports_loans


@dataclass(frozen=True)
class QueuePlace:
    """One library in the queue for the cents left over. `number` 1 is served first."""

    number: int
    key: str
    name: str
    cut_off: Fraction
    gets_a_cent: bool


@dataclass(frozen=True)
class Rounding:
    """Where a library stood in the queue for the cents of a pool that were left over (4(b), 4(c)).

    `own` is None where nothing was cut off of its share, or where it has none. `last_served` and
    `first_left_out` stand on both sides of where the cents ended; None where there is nobody.
    """

    cents: int
    waiting: int
    own: QueuePlace | None
    last_served: QueuePlace | None
    first_left_out: QueuePlace | None

    @property
    def places(self) -> tuple[QueuePlace, ...]:
        """The library's own place and those where the cents ended, in order."""
        shown = {place.number: place for place in (self.own, self.last_served, self.first_left_out) if place}
        return tuple(shown[number] for number in sorted(shown))


@dataclass(frozen=True)
class PoolShare:
    """A library's share of one pool: the division, and the queue for the cents left over."""

    division: Division
    rounding: Rounding


@dataclass(frozen=True)
class ExplainedPayment:
    """A payment with all that it came from.

    `loans` is None where the library said only that it did not count; `filed` is False where no certified
    filing of it counts. Neither is a zero that somebody reported.
    """

    payment: Payment
    name: str
    loans: int | None
    filed: bool
    transactions: PoolShare
    net_plus: PoolShare
    requirements: tuple[Requirement, ...]
    waivers: tuple[WaiverNote, ...]
    change: Change | None

    @property
    def left_out(self) -> bool:
        """Whether its figures are in no division, by the Board's decision."""
        return self.payment.run.withheld_policy == "redistribute" and not self.payment.eligible

    @property
    def unmet(self) -> tuple[Requirement, ...]:
        """The requirements that it had not met."""
        return tuple(requirement for requirement in self.requirements if not requirement.met)


class ExplainedRun:
    """Explains the payments of one calculated run; make it once for many. `of` narrows it to some."""

    def __init__(self, run: PaymentRun, of: Sequence[str] = ()):
        self.run = run
        self.payments: Mapping[int, Payment] = {
            payment.library_id: payment
            for payment in run.payments.select_related("library__town")
            .prefetch_related("unmet_requirements")
            .order_by("library__key")
        }
        self.totals: Totals = totals(run)
        self._names = LibraryName.objects.borne_on(run.measured.last_day)
        counted = run.counted_filings.values_list("filing__library", flat=True)
        self._filed = frozenset(counted)
        self._counted_nothing = self._filed - frozenset(counted.filter(reports_loans("filing")))
        wanted = [payment for payment in self.payments.values() if not of or payment.library.key in of]
        self._requirements = RequirementsOfRun(run, wanted)
        self._waivers = waivers_of_run(run)
        self._changes = ChangesOfRun(run, self.totals)
        names = {payment.library.key: self.name(payment) for payment in self.payments.values()}
        sharing = [
            payment for payment in self.payments.values() if payment.eligible or run.withheld_policy == "keep"
        ]
        self._queues = [
            _Queue(run.transactions_pool_cents or 0, {one.library.key: one.loans for one in sharing}, names),
            _Queue(run.net_plus_pool_cents or 0, {one.library.key: one.net_plus for one in sharing}, names),
        ]

    def name(self, payment: Payment) -> str:
        """Return the name that a library bore at the end of the twelve months."""
        return self._names.get(payment.library_id, payment.library.name)

    def loans(self, payment: Payment) -> int | None:
        """Return what a library lent; None where it filed, and said only that it did not count."""
        return None if payment.library_id in self._counted_nothing else payment.loans

    def explain(self, payment: Payment) -> ExplainedPayment:
        """Return one payment with all that it came from (4(a) to 4(c))."""
        payment = self.payments[payment.library_id]
        payment.run = self.run
        transactions, net_plus = (
            PoolShare(division, queue.place_of(payment.library.key))
            for division, queue in zip(divisions(payment, self.totals), self._queues, strict=True)
        )
        return ExplainedPayment(
            payment=payment,
            name=self.name(payment),
            loans=self.loans(payment),
            filed=payment.library_id in self._filed,
            transactions=transactions,
            net_plus=net_plus,
            requirements=self._requirements.of(payment),
            waivers=tuple(self._waivers.get(payment.library_id, ())),
            change=self._changes.of(payment),
        )


class _Queue:
    """The queue for the cents of one pool that were left over."""

    def __init__(self, pool_cents: int, weights: Mapping[str, int], names: Mapping[str, str]):
        self._places = rounding_queue(pool_cents, weights)
        self._names = names
        self._number = {place.key: number for number, place in enumerate(self._places, start=1)}
        self._cents = sum(place.gets_a_cent for place in self._places)

    def place_of(self, key: str) -> Rounding:
        return Rounding(
            cents=self._cents,
            waiting=len(self._places),
            own=self._place(self._number.get(key)),
            last_served=self._place(self._cents or None),
            first_left_out=self._place(self._cents + 1 if self._cents < len(self._places) else None),
        )

    def _place(self, number: int | None) -> QueuePlace | None:
        if number is None:
            return None
        place: Place = self._places[number - 1]
        return QueuePlace(number, place.key, self._names[place.key], place.cut_off, place.gets_a_cent)
