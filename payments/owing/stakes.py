"""What is at stake with something owed: what the library would lose, and what its absence does to others."""

from dataclasses import dataclass
from datetime import date

from libraries.models import Library
from payments.estimating.estimate import Estimate, Stake, estimate
from payments.owing.owed import Owed
from payments.rules.cents import dollars
from payments.rules.expenditure_reporting import fiscal_year_of
from transactions.rules.filing_calendar import program_year_of


@dataclass(frozen=True)
class AtStake:
    """What is lost if something owed never comes. Money in cents; an estimate at today's figures.

    `own_cents` is the library's own payment, which would be withheld. `others_gain_cents` and
    `others_lose_cents` are what the payments of others rise and fall by; `most_affected` is the library
    whose payment moves most, by `most_cents`. An expenditure report moves nobody else's payment.
    """

    own_cents: int
    others_gain_cents: int = 0
    others_lose_cents: int = 0
    most_affected: Library | None = None
    most_cents: int = 0

    @property
    def most_moves(self) -> str:
        """By how much the payment of the most affected library moves, with its sign."""
        return f"{'+' if self.most_cents > 0 else '−'}{dollars(abs(self.most_cents))}"

    @property
    def moved_cents(self) -> int:
        """What it moves in all: the more, the more it matters whom staff call first."""
        return self.own_cents + self.others_gain_cents + self.others_lose_cents


class Stakes:
    """What is at stake with each of many things owed on a day.

    A fiscal year is estimated once, and a library in it once, when it is first asked for.
    """

    def __init__(self, today: date):
        self._today = today
        self._estimates: dict[int, Estimate] = {}
        self._of_library: dict[tuple[int, str], Stake] = {}
        self._libraries = {library.key: library for library in Library.objects.all()}

    def of(self, item: Owed) -> AtStake | None:
        """Return what is at stake with something owed; None where it is done or no payment is estimated."""
        if item.is_done:
            return None
        year = fiscal_year_of(item.due_on) if item.is_report else program_year_of(item.opens_on)
        found = self._estimate(year)
        line = found.of(item.library.key)
        if line is None or found.appropriation_year is None:
            return None
        if item.is_report:
            return AtStake(line.payment_cents)
        key = (year, item.library.key)
        if key not in self._of_library:
            self._of_library[key] = found.stake_of(item.library.key)
        stake = self._of_library[key]
        return AtStake(
            stake.own_cents,
            stake.others_gain_cents,
            stake.others_lose_cents,
            self._libraries.get(stake.most_affected) if stake.most_affected else None,
            stake.most_cents,
        )

    def _estimate(self, year: int) -> Estimate:
        if year not in self._estimates:
            self._estimates[year] = estimate(year, on=self._today)
        return self._estimates[year]
