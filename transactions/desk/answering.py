"""What a question of the desk is answered: what was said, joined with what is on record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from libraries.models import Library
from transactions.desk.form import OWN_LIBRARY, DeskForm
from transactions.rules.desk._table import TAKES_PART, Answer, Ask, Table, Whose
from transactions.rules.desk.overdue_fine import HANDED_IN, LEVIES, RETURNED_TO

Given = Mapping[str, str | int | date]


@dataclass(frozen=True)
class Outcome:
    """The answer, or what must be asked next.

    `said` is what was said, `known` what the records say in its stead, `libraries` those named by parameter,
    `on` the day whose law and records hold.
    """

    table: Table
    said: Given
    known: Given
    libraries: Mapping[str, Library]
    on: date
    step: Answer | Ask


def outcome_of(form: DeskForm, today: date) -> Outcome:
    """Return the answer to what a form says, or what it lacks. What is wrong in it is left out.

    What was said goes before what is on record.
    """
    on = form.day or today
    said, libraries = form.given, form.libraries
    known = {
        name: value for name, value in _on_record(form.table, said, libraries, on).items() if name not in said
    }
    return Outcome(form.table, said, known, libraries, on, form.table.decide({**known, **said}, on))


def _on_record(
    table: Table, said: Given, libraries: Mapping[str, Library], on: date
) -> dict[str, str | int | date]:
    """Return what the records say on a day: who takes part, where an item was handed in, rules on fines."""
    found: dict[str, str | int | date] = {}
    if own := libraries.get(OWN_LIBRARY):
        found[TAKES_PART.name] = "yes" if _participates(own, on) else "no"
    lender, receiver = libraries.get(Whose.LENDER), libraries.get(Whose.RECEIVER)
    handed_in = said.get(HANDED_IN.name)
    day = handed_in if isinstance(handed_in, date) else on
    if lender and receiver:
        found[RETURNED_TO.name] = (
            "lender"
            if lender == receiver
            else "elsewhere"
            if _participates(receiver, day)
            else "not_participating"
        )
    if lender:
        found |= _fines_on_record(Whose.LENDER, lender, day)
    returned_to = {**found, **said}.get(RETURNED_TO.name)
    if receiver and returned_to != "not_participating":  # another one collects then, whose fines are asked
        found |= _fines_on_record(Whose.RECEIVER, receiver, day)
    if (rate := found.get(f"{Whose.RECEIVER}_rate")) is not None:
        found[LEVIES.name] = "yes" if rate else "no"
    return found


def _fines_on_record(whose: Whose, library: Library, on: date) -> dict[str, int]:
    """Return the amounts that a library's rule on fines settles on a day; none where it has said none."""
    fines = library.fines.in_force(on).first()
    if fines is None:
        return {}
    found = {
        f"{whose}_rate": fines.cents_a_day,
        f"{whose}_grace": fines.grace_days,
        f"{whose}_grace_charged": int(fines.charges_grace_days),
    }
    return found if fines.most_cents is None else {**found, f"{whose}_most": fines.most_cents}


def _participates(library: Library, on: date) -> bool:
    return Library.objects.participating(on).filter(pk=library.pk).exists()
