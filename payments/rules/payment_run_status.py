"""What state a payment run is in."""

from enum import StrEnum


class PaymentRunStatus(StrEnum):
    """The state of one payment run."""

    DRAFT = "draft"
    CALCULATED = "calculated"
    CERTIFIED = "certified"
    VOID = "void"
