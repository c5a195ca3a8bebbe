"""The form, its instructions and the words that a certifier signs, by edition.

The Board designates the form and its instructions (2(b)) and the library certifies that its report is
accurate (2(d), C.G.S. 11-31b); neither text is laid down anywhere, so these are the program's own words. A
filing keeps the name of the edition it was begun under. Never change an edition's words: add entries with a
new name and day of effect. A counting rule that changes is a new edition too, because the instructions
repeat it.
"""

from dataclasses import dataclass
from datetime import date

from connecticard.canonical_json import sha256_of
from connecticard.rulebook import Entry, Label, Rulebook
from transactions.rules.filing_calendar import REGULATION_FOLLOWED_FROM
from transactions.rules.units import counting_rules

LAST_CHECKED_ON = date(2026, 11, 21)

_FORM_RULE = "Regs. Conn. State Agencies § 11-31c-2(b)"
_CERTIFICATION_RULE = "Regs. Conn. State Agencies § 11-31c-2(d); C.G.S. § 11-31b"

RULEBOOK = Rulebook(
    [
        Entry(
            key="form_edition",
            value="annual",
            citation=_FORM_RULE,
            label=Label.PRACTICE,
            sentence="One report a year: a line for each home library and a column for each month, "
            "March to February.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="form_edition",
            value="2026-03",
            citation=_FORM_RULE,
            label=Label.PRACTICE,
            sentence="The same lines and columns for the months of the filing period.",
            last_checked_on=LAST_CHECKED_ON,
            effective_from=REGULATION_FOLLOWED_FROM,
        ),
        Entry(
            key="form_instruction_1_who",
            value="Report what your library lent to people who showed a card of another Connecticut home "
            "library, on the line of the library that issued the card, whether or not that one takes part.",
            citation="Regs. Conn. State Agencies § 11-31c-1(a), (f)",
            label=Label.LAW,
            sentence="A line for each home library.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="form_instruction_2_own_towns",
            value="Leave out loans to residents of a town that your library normally serves: the town where "
            "it stands and any town for which it is the principal library. Their libraries have no line.",
            citation="Regs. Conn. State Agencies § 11-31c-1(f)",
            label=Label.LAW,
            sentence="No line for libraries of the library's own towns.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="form_instruction_3_blanks",
            value="Where nothing was lent on a library's cards, enter 0 or leave the place blank. If nothing "
            "was lent at all in a month or in the whole period, say so: an empty form is not a report.",
            citation="Regs. Conn. State Agencies § 11-31c-2(a)",
            label=Label.PRACTICE,
            sentence="A return of nothing is said, not left open.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="form_instruction_4_not_counted",
            value="Where your library has no count of what it lent, write n/c for “not counted”. It is "
            "neither 0 nor a blank, and adds nothing to what your library is paid for.",
            citation="Regs. Conn. State Agencies § 11-31c-2(b), (d)",
            label=Label.READING,
            sentence="A library that has no count says so, rather than report nothing lent.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="form_not_counted",
            value="Where it says n/c, my library has no count of what it lent.",
            citation=_CERTIFICATION_RULE,
            label=Label.READING,
            sentence="A certifier whose report has places that were not counted says so in these words.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="form_attestation",
            value="I certify for my library that this report is accurate and complete, that it was counted "
            "by the rules of the program and the instructions of this form, and that where a place is left "
            "blank nothing was lent.",
            citation=_CERTIFICATION_RULE,
            label=Label.READING,
            sentence="The library certifies its report as accurate, by law; the words are the program's.",
            last_checked_on=LAST_CHECKED_ON,
        ),
        Entry(
            key="form_zero_return",
            value="My library lent nothing on cards of other libraries in this period.",
            citation=_CERTIFICATION_RULE,
            label=Label.READING,
            sentence="A library that lent nothing says so in these words, and certifies it.",
            last_checked_on=LAST_CHECKED_ON,
        ),
    ]
)


@dataclass(frozen=True)
class FormEdition:
    """One edition: its name, what the filer is told and what the certifier signs."""

    name: str
    instructions: tuple[str, ...]
    attestation: str
    zero_return: str
    not_counted: str

    def statement(self, *, nothing_lent: bool, not_counted: bool = False) -> str:
        """Return the words that a certifier signs.

        The zero return stands before them where nothing was lent, and after them where there are places that
        the library did not count, that it has no count there.
        """
        before = [self.zero_return] if nothing_lent else []
        after = [self.not_counted] if not_counted else []
        return " ".join([*before, self.attestation, *after])

    @property
    def sha256(self) -> str:
        """The SHA-256 of all its words."""
        return sha256_of(
            [self.name, list(self.instructions), self.attestation, self.zero_return, self.not_counted]
        )


def edition_on(day: date) -> FormEdition:
    """Return the edition in force on a day; a filing is made under that of the first day of its period.

    Source: Regs. Conn. State Agencies § 11-31c-2(b) and (d); C.G.S. § 11-31b.
    """
    in_force = RULEBOOK.in_force(day)
    own = [str(in_force[key].value) for key in sorted(in_force) if key.startswith("form_instruction_")]
    return FormEdition(
        name=str(in_force["form_edition"].value),
        instructions=(*own, *(entry.sentence for entry in counting_rules(day))),
        attestation=str(in_force["form_attestation"].value),
        zero_return=str(in_force["form_zero_return"].value),
        not_counted=str(in_force["form_not_counted"].value),
    )


def edition_named(name: str) -> FormEdition:
    """Return the edition that a filing names; KeyError where there is none of that name.

    Source: Regs. Conn. State Agencies § 11-31c-2(b).
    """
    for entry in RULEBOOK:
        if entry.key == "form_edition" and entry.value == name:
            return edition_on(entry.effective_from or date.min)
    raise KeyError(name)
