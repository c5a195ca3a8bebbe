"""What state a filing is in, and which state may follow.

Source: Regs. Conn. State Agencies § 11-31c-2(a) and (d); C.G.S. § 11-31b.
"""

from enum import StrEnum


class FilingStatus(StrEnum):
    """The state of one version of a filing."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    CERTIFIED = "certified"

    @property
    def label(self) -> str:
        """The state in words for people."""
        return _LABELS[self]

    @property
    def next_step(self) -> str:
        """What has to happen next, in one sentence; empty when nothing has to."""
        return _NEXT_STEPS[self]

    @property
    def may_be_edited(self) -> bool:
        """Whether counts may be entered and changed."""
        return self in (FilingStatus.DRAFT, FilingStatus.RETURNED)


_LABELS = {
    FilingStatus.DRAFT: "Draft",
    FilingStatus.SUBMITTED: "Submitted, waiting for certification",
    FilingStatus.RETURNED: "Returned for correction",
    FilingStatus.CERTIFIED: "Certified",
}

_NEXT_STEPS = {
    FilingStatus.DRAFT: "Enter the loans and submit the filing.",
    FilingStatus.SUBMITTED: "The certifier of the library certifies the filing or returns it with a reason.",
    FilingStatus.RETURNED: "Correct what the certifier names and submit the filing again.",
    FilingStatus.CERTIFIED: "",
}

# A certified version never changes state: to correct it a new version begins as a draft.
MOVES: dict[FilingStatus, frozenset[FilingStatus]] = {
    FilingStatus.DRAFT: frozenset({FilingStatus.SUBMITTED}),
    FilingStatus.SUBMITTED: frozenset({FilingStatus.RETURNED, FilingStatus.CERTIFIED}),
    FilingStatus.RETURNED: frozenset({FilingStatus.SUBMITTED}),
    FilingStatus.CERTIFIED: frozenset(),
}


def may_move(old: FilingStatus, new: FilingStatus) -> bool:
    """Return whether a filing in one state may be put into another.

    Source: Regs. Conn. State Agencies § 11-31c-2(a), (d); C.G.S. § 11-31b.
    """
    return new in MOVES[old]
