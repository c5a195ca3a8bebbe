"""The harvest specification in words: the public page and docs/harvest.md are both made from this."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from transactions.harvest.specification import EXAMPLES, VERSION, Code


@dataclass(frozen=True)
class Section:
    """A part of the description: a heading, sentences, points, examples as (what, text), a table."""

    title: str
    words: Sequence[str] = ()
    points: Sequence[str] = ()
    examples: Sequence[tuple[str, str]] = ()
    headings: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


TITLE = f"Harvest specification {VERSION}"
LEAD = (
    "A consortium’s circulation system offers what its members lent, month by month, and borrowIT CT "
    "comes for it. What is harvested becomes drafts; a library’s director still looks at the filing and "
    "certifies it."
)


def _written(example: str) -> str:
    return json.dumps(EXAMPLES[example], indent=2, ensure_ascii=False)


SECTIONS: Sequence[Section] = (
    Section(
        "What a system offers",
        (
            "Three addresses below one that you choose, here https://ils.example.org/harvest. Each "
            "answers GET with JSON in UTF-8, of the type application/json, not compressed.",
        ),
        (
            "/status: whether the system can be asked, and through which month its counts are complete.",
            "/members: the libraries whose counts it offers.",
            "/counts?month=2026-09: what each of them lent in that month.",
        ),
    ),
    Section(
        "What holds for each answer",
        (),
        (
            "specification and version stand in it. Version 1.x adds only what is agreed here first.",
            "A field that this page does not name refuses the whole answer, so that nothing about a "
            "person can come along. Send no patrons, no cards, no titles.",
            "Libraries go by their FSCS key, such as CT0001. A home library may also be a label of your "
            "system that the lending library has said the meaning of.",
            "units are whole numbers: what the library lent on cards of that home library in that month "
            "(1(f), 2(c)). A home library without a row lent nothing there; an empty list of loans is a "
            "month in which nothing was lent to residents of other towns. Renewals, interlibrary loans "
            "and downloads are not counted.",
            "No library and no home library stands twice. The month is the one that was asked for.",
            "At most 5 MB, 500 libraries, 2,000 home libraries for each; complete within 60 seconds.",
        ),
    ),
    Section(
        "Examples",
        (),
        (),
        (
            ("GET /status", _written("status")),
            ("GET /members", _written("members")),
            ("GET /counts?month=2026-09", _written("counts")),
            ("An error, with a status of 400 or more", _written("refusal")),
        ),
    ),
    Section(
        "Exceptions",
        (
            "An exception says why counts are missing: beside one member’s loans, where it concerns that "
            "member and month; beside everything, where it concerns the whole answer. Its message is "
            "yours. A member and month with an exception is not drafted.",
        ),
        headings=("Code", "Meaning", "What borrowIT CT does"),
        rows=[(str(code.value), code.words, code.consequence) for code in Code],
    ),
    Section(
        "Who may ask",
        (
            "The address is reached over HTTPS on the public internet. borrowIT CT sends the credential "
            "that you gave the State Library as Authorization: Bearer, to your host alone. It follows up "
            "to three redirects, and none to a private network.",
        ),
    ),
    Section(
        "What becomes of it",
        (),
        (
            "Each whole month of a period that is open is asked for, every night or every week. The same "
            "month again changes nothing; other counts change the draft.",
            "A count that a person typed stays as it is. The filing shows what your system gives beside it.",
            "A filing that is submitted or certified is not touched. The log says where your system gives "
            "other counts now.",
            "An answer that breaks off, is late, too long or not as specified is not used at all, and is "
            "asked for again: after 10 minutes, then each time twice as long, and after the seventh time "
            "at the next night.",
            "The log of each harvest is shown to the State Library and to the consortium’s filer.",
        ),
    ),
    Section(
        "To begin",
        (
            "docs/harvest_reference_server.py in the program’s repository is a whole server of this "
            "specification in one file of Python; it can be told to misbehave. The JSON Schema of the "
            "answers is at /api/harvest/schema.json. When yours answers, the consortium’s filer or the "
            "State Library adds it on the page Harvest.",
        ),
    ),
)


def as_markdown() -> str:
    """Return the description as docs/harvest.md has it."""
    lines = [f"# {TITLE}", "", LEAD, ""]
    for section in SECTIONS:
        lines += [f"## {section.title}", ""]
        for words in section.words:
            lines += [words, ""]
        if section.points:
            lines += [*(f"- {point}" for point in section.points), ""]
        for what, text in section.examples:
            lines += [f"`{what}`", "", "```json", *text.split("\n"), "```", ""]
        if section.rows:
            lines += [_row(section.headings), _row(["---"] * len(section.headings))]
            lines += [*(_row(row) for row in section.rows), ""]
    return "\n".join(lines).rstrip() + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
