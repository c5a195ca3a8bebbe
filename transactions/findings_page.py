"""What the checks found, as pages and lists show it: by tier, each with its place and a link to it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from transactions.count_grid import CountGrid
from transactions.count_grid_form import cell_name, column_id, column_label
from transactions.rules.filing_checks import Tier
from transactions.services import Finding

_WHAT_A_TIER_MEANS = {
    Tier.MUST_MEND: "The filing cannot be submitted with these.",
    Tier.MUST_EXPLAIN: "Correct these or give a reason: one of them may be a slip that changes payments. "
    "A reason stays with the filing, also when it is amended.",
    Tier.WORTH_A_LOOK: "These may be quite right. Nothing is asked of you.",
}


@dataclass
class FindingToShow:
    """A finding with its place in words and the id of the cell or column to go to; both may be empty.

    `form` takes the reason, on the page that asks for it.
    """

    finding: Finding
    home_library: str
    place: str
    anchor: str
    form: Any = None


@dataclass(frozen=True)
class Group:
    """The findings of one tier, and what the tier means for the person who works on the filing."""

    tier: Tier
    meaning: str
    findings: Sequence[FindingToShow]

    @property
    def title(self) -> str:
        """The tier in words."""
        return self.tier.label

    @property
    def is_long(self) -> bool:
        """Whether the list is folded up at first: only where nothing is asked, and there is much of it."""
        return self.tier is Tier.WORTH_A_LOOK and len(self.findings) > 8


def to_show(grid: CountGrid, found: Iterable[Finding]) -> list[FindingToShow]:
    """Return findings with their places in a grid."""
    return [_placed(grid, finding) for finding in found]


def by_tier(shown: Iterable[FindingToShow]) -> list[Group]:
    """Return the tiers in which something was found, the heaviest first."""
    every = list(shown)
    groups = []
    for tier in Tier:
        if of_tier := [each for each in every if each.finding.tier is tier]:
            groups.append(Group(tier, _WHAT_A_TIER_MEANS[tier], of_tier))
    return groups


def _placed(grid: CountGrid, finding: Finding) -> FindingToShow:
    home, month = finding.home_library, finding.month
    if home is not None:
        line = next((line for line in grid.lines if line.library_id == home), None)
        if line is None:
            return FindingToShow(finding, "", "", "")
        whole_line = month is None and None not in grid.columns
        column = (
            next((month for month in grid.columns if month in line.columns), None) if whole_line else month
        )
        where = "whole line" if whole_line else column_label(column)
        return FindingToShow(finding, line.name, f"{line.name}, {where}", cell_name((home, column)))
    if month is not None and month in grid.columns:
        return FindingToShow(finding, "", f"{column_label(month)}, all home libraries", column_id(month))
    return FindingToShow(finding, "", "Whole filing" if finding.tier is not Tier.MUST_MEND else "", "")
