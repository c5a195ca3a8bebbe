"""What counts as a unit lent: the counting rules that the form's instructions repeat.

Source: Regs. Conn. State Agencies § 11-31c-1(f), (g) and § 11-31c-2(c).
"""

from datetime import date
from enum import StrEnum

from connecticard.rulebook import Entry, Label, Rulebook

LAST_CHECKED_ON = date(2026, 11, 21)


class Material(StrEnum):
    """What was lent, as the regulation tells things apart."""

    VOLUME_OF_A_SET = "volume_of_a_set"
    LOOSE_ISSUE = "loose_issue"
    BOUND_VOLUME = "bound_volume"
    BOXED_SET = "boxed_set"
    OTHER_ITEM = "other_item"


class Lending(StrEnum):
    """How a thing came to the borrower."""

    AT_THE_DESK = "at_the_desk"
    HOLD_PICKED_UP_HERE = "hold_picked_up_here"
    RENEWAL = "renewal"
    INTERLIBRARY_LOAN = "interlibrary_loan"
    PICKED_UP_ELSEWHERE = "picked_up_elsewhere"
    DOWNLOAD = "download"


def _units(material: Material, citation: str, sentence: str) -> Entry:
    return Entry(f"units_{material}", 1, citation, Label.LAW, sentence, LAST_CHECKED_ON)


def _counted(lending: Lending, counted: bool, citation: str, label: Label, sentence: str) -> Entry:
    return Entry(f"counted_{lending}", counted, citation, label, sentence, LAST_CHECKED_ON)


RULEBOOK = Rulebook(
    [
        _units(
            Material.VOLUME_OF_A_SET,
            "Regs. Conn. State Agencies § 11-31c-2(c)(1)",
            "Each volume of a book in several volumes is one unit.",
        ),
        _units(
            Material.LOOSE_ISSUE,
            "Regs. Conn. State Agencies § 11-31c-2(c)(2)",
            "Each loose issue of a periodical is one unit.",
        ),
        _units(
            Material.BOUND_VOLUME,
            "Regs. Conn. State Agencies § 11-31c-2(c)(2)",
            "Issues bound into one volume are together one unit.",
        ),
        _units(
            Material.BOXED_SET,
            "Regs. Conn. State Agencies § 11-31c-2(c)(3)",
            "Non-print pieces boxed or packaged as a set are together one unit.",
        ),
        _units(
            Material.OTHER_ITEM,
            "Regs. Conn. State Agencies § 11-31c-1(g)",
            "Any other thing that the library lends as one item is one unit.",
        ),
        _counted(
            Lending.AT_THE_DESK,
            True,
            "Regs. Conn. State Agencies § 11-31c-1(f)",
            Label.LAW,
            "A unit counts when the borrower shows a valid card of the home library at your library.",
        ),
        _counted(
            Lending.HOLD_PICKED_UP_HERE,
            True,
            "Regs. Conn. State Agencies § 11-31c-1(f), § 11-31c-5(b)(5)",
            Label.READING,
            "A hold counts when it is picked up at your library on a home-library card.",
        ),
        _counted(
            Lending.RENEWAL,
            False,
            "Regs. Conn. State Agencies § 11-31c-1(f)",
            Label.READING,
            "A renewal is not counted again: nothing is lent anew.",
        ),
        _counted(
            Lending.INTERLIBRARY_LOAN,
            False,
            "Regs. Conn. State Agencies § 11-31c-1(f)",
            Label.READING,
            "An interlibrary loan is not counted: the borrower shows no card at the lending library.",
        ),
        _counted(
            Lending.PICKED_UP_ELSEWHERE,
            False,
            "Regs. Conn. State Agencies § 11-31c-1(f)",
            Label.READING,
            "An item sent to another library to be picked up there is not counted by its owner.",
        ),
        _counted(
            Lending.DOWNLOAD,
            False,
            "Regs. Conn. State Agencies § 11-31c-1(f)",
            Label.READING,
            "A download is not counted: no card is shown at the library.",
        ),
    ]
)


def units_lent(material: Material, number: int, on: date) -> int:
    """Return the units that a number of things of one kind make when lent on a day.

    A boxed set of nine discs is one boxed set, so the number is 1. ValueError for a negative number.

    Source: Regs. Conn. State Agencies § 11-31c-2(c), § 11-31c-1(g).
    """
    if number < 0:
        raise ValueError(f"{number} things cannot be lent")
    return number * RULEBOOK.number(f"units_{material}", on)


def is_counted(lending: Lending, on: date) -> bool:
    """Return whether things that came to the borrower in this way count as lent on a day.

    Source: Regs. Conn. State Agencies § 11-31c-1(f), as read in the rulebook.
    """
    return RULEBOOK.switch(f"counted_{lending}", on)


def counting_rules(on: date) -> list[Entry]:
    """Return the counting rules in force on a day: units by kind of thing, then ways of lending.

    Source: Regs. Conn. State Agencies § 11-31c-1(f), (g), § 11-31c-2(c).
    """
    in_force = RULEBOOK.in_force(on)
    keys = [f"units_{material}" for material in Material] + [f"counted_{lending}" for lending in Lending]
    return [in_force[key] for key in keys]
