"""The harvest specification, version 1.0: what a system offers, as types, a JSON Schema, codes and examples.

The public page and docs/harvest.md are made from this module and `described`; `reading` holds every answer
to it. It borrows its manner from COUNTER_SUSHI: a status, members, one report by month, coded exceptions.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum, StrEnum
from typing import Any

NAME = "borrowit-harvest"
VERSION = "1.0"
LARGEST_COUNT = 2_147_483_647
MOST_MEMBERS = 500
MOST_COUNTS = 2_000  # home libraries of one member
LONGEST_TEXT = 250


class Service(StrEnum):
    """Whether a system can be asked at the moment."""

    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"


class Code(IntEnum):
    """Why there are no counts, or not all; the numbers are those of COUNTER_SUSHI where it has the case."""

    NOT_AVAILABLE = 1000
    BUSY = 1010
    IN_PREPARATION = 1011
    NOT_AUTHORIZED = 2000
    UNKNOWN_MEMBER = 2010
    INVALID_MONTH = 3020
    NO_DATA = 3030
    NOT_READY = 3031
    NO_LONGER_KEPT = 3032
    PARTIAL = 3040

    @property
    def words(self) -> str:
        """The case in a few words."""
        return _WORDS[self][0]

    @property
    def consequence(self) -> str:
        """What the State Library's side does."""
        return _WORDS[self][1]

    @property
    def may_pass(self) -> bool:
        """Whether asking again a while later may help."""
        return self in (Code.NOT_AVAILABLE, Code.BUSY, Code.IN_PREPARATION)


_WORDS = {
    Code.NOT_AVAILABLE: ("The service is not available.", "Asks again, later each time, for about a day."),
    Code.BUSY: ("The service is busy.", "Asks again, later each time, for about a day."),
    Code.IN_PREPARATION: ("The counts are being prepared.", "Asks again, later each time, for about a day."),
    Code.NOT_AUTHORIZED: ("The credential is not accepted.", "Stops, and says so on the source’s page."),
    Code.UNKNOWN_MEMBER: ("The library is not known here.", "Says so in the log; nothing is drafted."),
    Code.INVALID_MONTH: ("The month is not one that can be asked for.", "Says so in the log."),
    Code.NO_DATA: (
        "No loans were counted for this member and month.",
        "Drafts nothing. It is not the same as zero: a person says what it means.",
    ),
    Code.NOT_READY: ("The month is not closed yet.", "Drafts nothing and asks again at the next harvest."),
    Code.NO_LONGER_KEPT: ("The counts of this month are no longer kept.", "Drafts nothing."),
    Code.PARTIAL: (
        "Counts are missing from what is given.",
        "Drafts nothing of this member and month, and asks again at the next harvest.",
    ),
}


@dataclass(frozen=True)
class Said:
    """An exception: its code and the system's own words."""

    code: Code
    message: str = ""

    def __str__(self) -> str:
        own = f" “{self.message}”" if self.message else ""
        return f"{self.code.words} (code {self.code.value}){own}"


@dataclass(frozen=True)
class Status:
    """Whether the system can be asked, and through which month its counts are complete, where it says."""

    service: Service
    ready_through: date | None
    exceptions: tuple[Said, ...]


@dataclass(frozen=True)
class Members:
    """The libraries for which counts are offered, by FSCS key."""

    libraries: tuple[str, ...]
    exceptions: tuple[Said, ...]


@dataclass(frozen=True)
class MemberMonth:
    """What one member lent in one month, in units by home library; `home_library` is a key or a label."""

    library: str
    counts: tuple[tuple[str, int], ...]
    exceptions: tuple[Said, ...]


@dataclass(frozen=True)
class Month:
    """What the members lent in one month, named by its first day."""

    month: date
    made_at: datetime
    members: tuple[MemberMonth, ...]
    exceptions: tuple[Said, ...]


_MONTH = {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$", "examples": ["2026-09"]}
_TEXT = {"type": "string", "maxLength": LONGEST_TEXT}
_KEY = {"type": "string", "pattern": "^[A-Z0-9]{2,20}$", "examples": ["CT0001"]}
_EXCEPTIONS = {
    "type": "array",
    "maxItems": 20,
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["code"],
        "properties": {
            "code": {"type": "integer", "enum": [code.value for code in Code]},
            "message": _TEXT,
        },
    },
}


def _envelope(required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["specification", "version", *required],
        "properties": {
            "specification": {"const": NAME},
            "version": {"type": "string", "pattern": r"^1\.[0-9]+$", "examples": [VERSION]},
            **properties,
            "exceptions": _EXCEPTIONS,
        },
    }


SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "borrowIT harvest 1.0",
    "description": "Each answer is one of these.",
    "oneOf": [{"$ref": f"#/$defs/{name}"} for name in ("status", "members", "counts", "refusal")],
    "$defs": {
        "status": _envelope(
            ["service"],
            service={"type": "string", "enum": [each.value for each in Service]},
            ready_through=_MONTH,
        ),
        "members": _envelope(
            ["members"],
            members={
                "type": "array",
                "maxItems": MOST_MEMBERS,
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["library"],
                    "properties": {"library": _KEY, "name": _TEXT},
                },
            },
        ),
        "counts": _envelope(
            ["month", "made_at", "counts"],
            month=_MONTH,
            made_at={"type": "string", "format": "date-time"},
            counts={
                "type": "array",
                "maxItems": MOST_MEMBERS,
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["library", "loans"],
                    "properties": {
                        "library": _KEY,
                        "loans": {
                            "type": "array",
                            "maxItems": MOST_COUNTS,
                            "items": {
                                "type": "object",
                                "additionalProperties": False,
                                "required": ["home_library", "units"],
                                "properties": {
                                    "home_library": {"type": "string", "minLength": 1, "maxLength": 120},
                                    "units": {"type": "integer", "minimum": 0, "maximum": LARGEST_COUNT},
                                },
                            },
                        },
                        "exceptions": _EXCEPTIONS,
                    },
                },
            },
        ),
        "refusal": {**_envelope(["exceptions"])},
    },
}

EXAMPLES: dict[str, dict[str, Any]] = {
    "status": {
        "specification": NAME,
        "version": VERSION,
        "service": "available",
        "ready_through": "2026-09",
    },
    "members": {
        "specification": NAME,
        "version": VERSION,
        "members": [
            {"library": "CT0001", "name": "Avon Free Public Library"},
            {"library": "CT0002", "name": "Bethel Public Library"},
        ],
    },
    "counts": {
        "specification": NAME,
        "version": VERSION,
        "month": "2026-09",
        "made_at": "2026-10-02T03:10:00-04:00",
        "counts": [
            {
                "library": "CT0001",
                "loans": [
                    {"home_library": "CT0002", "units": 41},
                    {"home_library": "Canton Public Library", "units": 7},
                ],
            },
            {
                "library": "CT0002",
                "loans": [],
                "exceptions": [{"code": 3031, "message": "Branch Street closes its month on the 5th."}],
            },
        ],
    },
    "refusal": {
        "specification": NAME,
        "version": VERSION,
        "exceptions": [{"code": 1010, "message": "Nightly reports are running."}],
    },
}
