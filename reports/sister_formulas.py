"""Reads the sister formulas: how another state divided money for the same kind of loans, as a case to check.

They are not this program's law, and nothing is paid by them. The files lie with the worked examples, and the
tests prove every figure in them; a word that is not understood is refused.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from payments.rules._sister_formulas import half_on_net_lenders, nonresident_circulation_offset
from payments.rules.cents import parse_dollars
from reports.worked_examples import FOLDER

SISTERS = FOLDER / "sister_formulas"
FORMULAS = ("nonresident_circulation_offset", "half_on_net_lenders")
_WORDS = {"title", "state", "source", "formula", "amount", "story", "loans", "borrows", "expected"}


@dataclass(frozen=True)
class SisterLine:
    """What one library lent, borrowed (None where the formula does not ask) and got: parts in cents."""

    key: str
    loans: int
    borrows: int | None
    parts_cents: tuple[int, ...]

    @property
    def cents(self) -> int:
        """All that the library got."""
        return sum(self.parts_cents)


@dataclass(frozen=True)
class SisterFormula:
    """A formula of another state with one case. Money in cents; `columns` name the parts of a line."""

    name: str
    title: str
    state: str
    source: str
    formula: str
    story: str
    amount_cents: int
    lines: tuple[SisterLine, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """What the parts of a line are."""
        return ("By loans",) if self.formula == FORMULAS[0] else ("By loans", "By net lending")

    def worked_out(self) -> Mapping[str, tuple[int, ...]]:
        """Return the parts in cents, by library, as the parts of this program's formula give them."""
        loans = {line.key: line.loans for line in self.lines}
        if self.formula == FORMULAS[0]:
            parts = nonresident_circulation_offset(self.amount_cents, loans)
            return {key: (cents,) for key, cents in parts.items()}
        borrows = {line.key: line.borrows or 0 for line in self.lines}
        return dict(half_on_net_lenders(self.amount_cents, loans, borrows))


def sister_formulas() -> tuple[SisterFormula, ...]:
    """Return every sister formula, in the order of the names of their files."""
    return tuple(read_formula(path) for path in sorted(SISTERS.glob("*.toml")))


def read_formula(path: Path) -> SisterFormula:
    """Read one file; ValueError, with the file's name, for anything in it that is not understood."""
    facts = tomllib.loads(path.read_text(encoding="utf-8"))
    if unknown := facts.keys() - _WORDS:
        raise ValueError(f"{path.stem}: not understood: {', '.join(sorted(unknown))}")
    if facts["formula"] not in FORMULAS:
        raise ValueError(f"{path.stem}: no formula is called {facts['formula']!r}")
    loans, borrows, expected = facts["loans"], facts.get("borrows", {}), facts["expected"]
    if expected.keys() != loans.keys() or (borrows and borrows.keys() != loans.keys()):
        raise ValueError(f"{path.stem}: loans, borrows and expected must name the same libraries")
    return SisterFormula(
        name=path.stem,
        title=facts["title"],
        state=facts["state"],
        source=facts["source"],
        formula=facts["formula"],
        story=facts["story"],
        amount_cents=parse_dollars(facts["amount"]),
        lines=tuple(
            SisterLine(key, loans[key], borrows.get(key), tuple(map(parse_dollars, expected[key])))
            for key in sorted(loans)
        ),
    )
