"""Which column names home libraries: most of its values are known names or places.

No column of patrons' names is ever read as labels. Where several columns would do, each is read and the
person chooses by heading.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from transactions.uploads.labels import LabelMatcher
from transactions.uploads.reduced import (
    Reduced,
    Wanted,
    called,
    cell_of,
    units,
)
from transactions.uploads.tables import Row, TableRefused, text_of

MOST_LABELS = 400
LONGEST_HEADING = 60
_NEARLY_ALL = 0.9  # of a column's rows; then the share of its labels does not matter
_KNOWN_SHARE = 0.6  # of a column's labels, and of its rows, that must be known for it to be read
_OF_THE_PATRON = re.compile(r"home|patron|borrower|card|resid|member|user|regist|town|city|municipal", re.I)
_OF_THE_ITEM = re.compile(
    r"(?<![a-z])(?:item|own|hold|shel|copy|check.?(?:out|in)|charg|circ|transact|station|service|lend|loan|pick.?up|workstation|"
    r"terminal|staff)",
    re.I,
)
_OF_A_PERSON = re.compile(
    r"(?:patron|borrower|user|customer|cardholder|member)s?(?:[ _-]?name)?|author|title"
    r"|.*(?<![a-z])(?:first|last|middle|given|family|sur|full|maiden)[ _-]?name|.*(?<![a-z])street.*",
    re.I,
)
_A_HEADING = re.compile(
    r"^(?:(?:patron|borrower|user|home|item|owning|registered|check.?out|check.?in|due|birth|loan|circ"
    r"|transaction|first|last|full|call|pickup)[ _-]?)*"
    r"(?:library|branch|patron|borrower|user|name|barcode|title|author|date|day|time|type|location|town|city"
    r"|number|no\.?|id|total|loans?|count|month|year|status|station|collection|checkouts?|renewals?)$",
    re.I,
)


def label_columns(
    rows: Sequence[Row], places: Iterable[int], headings: Mapping[int, str], wanted: Wanted
) -> list[int]:
    """Return the columns that are mostly known home libraries or places; one, if one is plain."""
    matcher = wanted.matcher
    found: dict[int, dict[int, int | None]] = {}  # by column, what the label of each row means
    for column in places:
        if _OF_A_PERSON.fullmatch(headings.get(column, "")):
            continue
        labels = [
            (place, label) for place, (_, cells) in enumerate(rows) if (label := cell_of(cells, column))
        ]
        times = Counter(label for _, label in labels)
        distinct = times.keys()
        if not _may_be_labels(times, matcher):
            continue
        known = {label for label in distinct if matcher.match(label).is_known}
        known_rows = sum(1 for _, label in labels if label in known)
        if (
            len(known) >= _KNOWN_SHARE * len(distinct) and known_rows >= _KNOWN_SHARE * len(labels)
        ) or known_rows >= _NEARLY_ALL * len(labels):
            found[column] = {place: matcher.match(label).library for place, label in labels}
    if len(found) > 1:
        # The lender's own name in every row says where the loans were made, not whose cards they were
        others = {
            column: homes
            for column, homes in found.items()
            if sum(1 for home in homes.values() if home == wanted.lender) < 0.95 * len(homes)
        }
        found = others or found
    columns = preferred(list(found), headings, _OF_THE_PATRON, _OF_THE_ITEM)
    columns.sort(key=lambda column: -sum(1 for home in found[column].values() if home is not None))
    plain: list[int] = []
    for column in columns:
        # A column that says the same less exactly adds nothing: the town beside the name of its library
        if not any(_agree(found[better], found[column]) for better in plain):
            plain.append(column)
    return plain


def _may_be_labels(times: Counter[str], matcher: LabelMatcher) -> bool:
    """Whether a look at some values of a column leaves it possible that they are home libraries."""
    if not times or len(times) > MOST_LABELS * 4:
        return False
    some = [label for label, _ in times.most_common(25)] + list(times)[:: len(times) // 25 + 1]
    return sum(1 for label in some if matcher.match(label).is_known) >= 0.4 * len(some)


def _agree(better: Mapping[int, int | None], other: Mapping[int, int | None]) -> bool:
    both = [place for place, home in other.items() if home is not None and better.get(place) is not None]
    same = sum(1 for place in both if better[place] == other[place])
    return same >= 0.98 * len(both)


def preferred(
    columns: list[int], headings: Mapping[int, str], right: re.Pattern[str], wrong: re.Pattern[str]
) -> list[int]:
    """Return columns whose headings speak for them, else those that none speaks against."""
    if len(columns) < 2:
        return columns
    not_wrong = [column for column in columns if not wrong.search(headings.get(column, ""))]
    speaking = [column for column in not_wrong if right.search(headings.get(column, ""))]
    return speaking or not_wrong or columns


def headings_of(rows: Sequence[Row]) -> dict[int, str]:
    """Return the lowest text over each column."""
    headings: dict[int, str] = {}
    for _, cells in rows:
        for column, cell in enumerate(cells):
            if text := text_of(cell):
                headings[column] = text[:LONGEST_HEADING]
    return headings


def no_label_column(headings: Mapping[int, str], places: Iterable[int]) -> TableRefused:
    """Return the refusal of a table without home libraries."""
    # What stands in the first line of a file without headings may be a patron's name
    names = [f"“{headings[place]}”" for place in places if _A_HEADING.search(headings.get(place, ""))][:12]
    seen = f" Its columns are {', '.join(names)}." if names else ""
    return TableRefused(
        "No column of this table names home libraries: in none are most of the values names of Connecticut "
        f"libraries, towns or villages.{seen} Export the patron’s home library, or its town, by name; the "
        "recipes say how."
    )


def too_many_labels(column: int, headings: Mapping[int, str]) -> TableRefused:
    """Return the refusal of a column with far too many values."""
    return TableRefused(
        f"The column {called(column, headings)} holds more than {MOST_LABELS} different values, far more "
        "than there are home libraries. Export the patron’s home library by name."
    )


def keep_known(reading: Reduced, wanted: Wanted, column: int, headings: Mapping[int, str]) -> None:
    """Look at the whole column once more: what begins as home libraries must go on so."""
    labels = reading.labels
    if len(labels) > MOST_LABELS:
        raise too_many_labels(column, headings)
    known = [label for label in labels if wanted.matcher.match(label).is_known]
    loans: Counter[str] = Counter()
    for (label, _), number in reading.counts.items():
        loans[label] += units(number)
    known_loans = sum(loans[label] for label in known)
    if len(known) < _KNOWN_SHARE * len(labels) and known_loans < _NEARLY_ALL * sum(loans.values()):
        raise TableRefused(
            f"The column {called(column, headings)} names home libraries in some rows and something else in "
            "most. Export the patron’s home library in a column of its own."
        )
