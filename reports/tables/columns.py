"""Columns and small tables that several documents share."""

from reports.contents import AppliedRule, Changes
from reports.tables.table import Column, Kind, Table

KEY = Column("library", "Key", Kind.KEY, note="Key of the library in the federal survey of public libraries.")
NAME = Column("name", "Library", Kind.TEXT)
TOWN = Column("town", "Town", Kind.TEXT, note="Where the library stands.")
NOT_COUNTED = "n/c: the library said that it did not count, which is not zero."


def dollars(name: str, label: str, note: str = "", *, is_estimated: bool = False) -> Column:
    """Return a column of whole cents."""
    return Column(name, label, Kind.CENTS, "dollars", note, is_estimated)


def items(
    name: str, label: str, note: str = "", *, is_estimated: bool = False, blank: str = "", unit: str = "items"
) -> Column:
    """Return a column of whole numbers."""
    return Column(name, label, Kind.INTEGER, unit, note, is_estimated, blank)


def rules(applied: tuple[AppliedRule, ...]) -> Table:
    """Return the entries of the rulebook on which a document rests."""
    return Table(
        name="rulebook_entries",
        title="Rulebook entries applied",
        caption="Law stands in a statute or regulation; practice is how the program has been run; a reading "
        "is the State Library’s interpretation where the text leaves a question open.",
        columns=(
            Column("entry", "Entry", Kind.TEXT),
            Column("value", "Value", Kind.TEXT),
            Column("citation", "Source", Kind.TEXT, note="Blank: no text says it."),
            Column("label", "Kind", Kind.TEXT, note="law, practice or reading"),
            Column("sentence", "What it says", Kind.TEXT),
        ),
        rows=tuple((one.key, one.value, one.citation, one.label, one.sentence) for one in applied),
        key=("entry", "value"),
    )


def changes(changed: Changes | None) -> tuple[Table, ...]:
    """Return the table of what changed since the edition before; nothing in a first edition."""
    if changed is None:
        return ()
    return (
        Table(
            name="changes",
            title=f"What changed since edition {changed.edition_before}",
            caption="Every figure that differs. Blank: that edition had no such line.",
            columns=(
                Column("line", "Line", Kind.TEXT),
                Column("figure", "Figure", Kind.TEXT),
                Column("before", f"Edition {changed.edition_before}", Kind.TEXT),
                Column("now", "This edition", Kind.TEXT),
            ),
            rows=tuple((one.line, one.figure, one.before, one.now) for one in changed.figures),
        ),
    )
