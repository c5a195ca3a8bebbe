"""What state a filing is in."""

from enum import StrEnum


class FilingStatus(StrEnum):
    """The state of one version of a filing."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    CERTIFIED = "certified"
