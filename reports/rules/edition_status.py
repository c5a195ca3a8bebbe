"""Where an edition of a year's reports stands, and who may take it on."""

from enum import StrEnum


class EditionStatus(StrEnum):
    """Where an edition stands: each step rests on the one before it."""

    DRAFT = "draft"
    REVIEWED = "reviewed"
    CERTIFIED = "certified"
    PUBLISHED = "published"

    @property
    def label(self) -> str:
        """The status in words for people."""
        return {
            EditionStatus.DRAFT: "Draft",
            EditionStatus.REVIEWED: "Reviewed",
            EditionStatus.CERTIFIED: "Certified, not published",
            EditionStatus.PUBLISHED: "Published",
        }[self]


_STEPS = list(EditionStatus)


def status_of(*, reviewed: bool, certified: bool, published: bool) -> EditionStatus:
    """Return where an edition stands, by the furthest step taken.

    Source: Regs. Conn. State Agencies § 11-31c-3.
    """
    if published:
        return EditionStatus.PUBLISHED
    if certified:
        return EditionStatus.CERTIFIED
    return EditionStatus.REVIEWED if reviewed else EditionStatus.DRAFT


def why_not_move(status: EditionStatus, target: EditionStatus) -> str | None:
    """Return why an edition cannot take a step, in a sentence; None where it can.

    A draft or reviewed edition may become a draft again: it is prepared anew. Nothing of a certified one
    changes: what is learned later makes the next edition.

    Source: Regs. Conn. State Agencies § 11-31c-3.
    """
    if target is EditionStatus.DRAFT:
        if status in (EditionStatus.DRAFT, EditionStatus.REVIEWED):
            return None
        return "This edition is certified and stays as it is. Prepare the next edition for what differs."
    place = _STEPS.index(status)
    if _STEPS.index(target) == place + 1:
        return None
    if _STEPS.index(target) <= place:
        return f"This edition is {status} already."
    stands = "a draft" if status is EditionStatus.DRAFT else status
    return f"This edition is {stands}; it has to be {_STEPS[place + 1]} first."


def may_review(preparer: int, reviewer: int) -> bool:
    """Return whether a person may review an edition that another prepared; people are told apart by number.

    Source: C.G.S. § 11-31b; Regs. Conn. State Agencies § 11-31c-3, by practice.
    """
    return preparer != reviewer


def may_certify(preparer: int, certifier: int) -> bool:
    """Return whether a person may certify an edition that another prepared; people are told apart by number.

    Source: C.G.S. § 11-31b; Regs. Conn. State Agencies § 11-31c-3, by practice.
    """
    return preparer != certifier
