"""To whom the Comptroller pays what each library is due: kept one by one, or from a file."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard import permissions
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from libraries import roster_files
from libraries.models import Library
from payments.models import Payee, PayeeKind
from transactions.rules._wording import written_day
from transactions.uploads.tables import Row, TableRefused, open_tables, text_of

COLUMNS = ("library", "name", "payee_kind", "payee_name", "vendor_number")
LARGEST_FILE = 1_000_000  # bytes; a file of all libraries has some 20,000

_VENDOR_NUMBER = re.compile(r"[0-9A-Z](?:[0-9A-Z-]{0,18}[0-9A-Z])?")
_TAX_NUMBER = re.compile(r"[0-9]{3}-[0-9]{2}-[0-9]{4}|[0-9]{2}-[0-9]{7}")


class PayeeRefused(Exception):
    """A payee that cannot be kept; the text says why and how to mend it."""


@dataclass(frozen=True)
class Proposal:
    """What the shipped roster lets one expect of a library's payee; never a fact about whom to pay."""

    kind: PayeeKind
    source: str


@dataclass(frozen=True)
class PayeeRow:
    """One row of a file of payees; its library is on the roster."""

    library: Library
    kind: PayeeKind
    name: str
    vendor_number: str


@dataclass(frozen=True)
class Problem:
    """A row that cannot be taken over: where, what, how to mend it."""

    where: str
    what: str
    cure: str


def proposal_for(library: Library) -> Proposal | None:
    """Return what the roster proposes for a library; None where it says nothing."""
    basis = _legal_bases().get(library.key, "")
    if basis.startswith("municipal"):
        return Proposal(PayeeKind.MUNICIPALITY, basis)
    if basis.startswith("association"):
        return Proposal(PayeeKind.ASSOCIATION, basis)
    return None


@cache
def _legal_bases() -> Mapping[str, str]:
    return {library.key: library.legal_basis for library in roster_files.libraries()}


def why_not_name(name: str) -> str:
    """Return why a payee cannot bear this name; empty where it can."""
    if not name:
        return "Enter the name as the Comptroller's vendor record has it."
    if len(name) > 120:
        return "The name has more than 120 characters. Shorten it as the vendor record does."
    if not name.isprintable() or name[0] in "=+-@":
        return "A name begins with a letter or digit and stands on one line. Write it so."
    return ""


def why_not_vendor_number(number: str) -> str:
    """Return why this cannot be a vendor number; empty where it can, and where none is given."""
    if _TAX_NUMBER.fullmatch(number):
        return (
            "This is written like a tax or Social Security number, which is not kept here. Enter the "
            "Comptroller's vendor number."
        )
    if number and not _VENDOR_NUMBER.fullmatch(number):
        return "Enter up to 20 digits, capital letters and hyphens, as the Comptroller writes it."
    return ""


@transaction.atomic
def keep_payee(
    *, library: Library, kind: PayeeKind, name: str, vendor_number: str, begins: date, by: User
) -> Payee | None:
    """Keep who is paid for a library from a day on; None where nothing changes.

    A change from a later day ends the payee before and begins another; from the same day it corrects the one
    on record. Batches that were exported keep what they said. Raises PayeeRefused for a name or number that
    cannot be, and for a day before the payee on record began.
    """
    permissions.check(by, Action.KEEP_PAYEES)
    Library.objects.select_for_update(of=("self",)).get(pk=library.pk)
    name, vendor_number = " ".join(name.split()), vendor_number.strip().upper()
    if problem := why_not_name(name) or why_not_vendor_number(vendor_number):
        raise PayeeRefused(problem)
    last = library.payees.order_by("valid").last()
    if last is not None and (last.kind, last.name, last.vendor_number) == (kind, name, vendor_number):
        return None
    before = _described(last) if last else None
    if last is not None and last.valid.lower and begins < last.valid.lower:
        raise PayeeRefused(
            f"{last.name} is the payee from {written_day(last.valid.lower)} on. Enter that day, to correct "
            "it, or a later one."
        )
    if last is not None and last.valid.lower == begins:
        payee = last
        payee.kind, payee.name, payee.vendor_number = kind, name, vendor_number
        payee.save(update_fields=["kind", "name", "vendor_number"])
    else:
        if last is not None:
            last.valid = DateRange(last.valid.lower, begins)
            last.save(update_fields=["valid"])
        payee = Payee.objects.create(
            library=library,
            kind=kind,
            name=name,
            vendor_number=vendor_number,
            valid=DateRange(begins, None),
        )
    AuditEvent.record("payee_kept", target=payee, by=by, before=before, after=_described(payee))
    return payee


@transaction.atomic
def keep_payees(*, rows: Iterable[PayeeRow], begins: date, by: User) -> int:
    """Keep the payees of a file, all or none; return how many changed."""
    permissions.check(by, Action.KEEP_PAYEES)
    return sum(
        keep_payee(
            library=row.library,
            kind=row.kind,
            name=row.name,
            vendor_number=row.vendor_number,
            begins=_begins(row.library, begins),
            by=by,
        )
        is not None
        for row in sorted(rows, key=lambda row: row.library.pk)
    )


def changes_of(rows: Iterable[PayeeRow], on: date) -> list[tuple[PayeeRow, Payee | None]]:
    """Return the rows that differ from what is on record on a day, each with the payee on record."""
    on_record = {payee.library_id: payee for payee in Payee.objects.on(on)}
    return [
        (row, payee)
        for row in rows
        if (payee := on_record.get(row.library.pk)) is None
        or (payee.kind, payee.name, payee.vendor_number) != (row.kind, row.name, row.vendor_number)
    ]


def _begins(library: Library, day: date) -> date:
    """Return the day from which a file's row counts: not before the payee on record began."""
    last = library.payees.order_by("valid").last()
    return max(day, last.valid.lower) if last is not None and last.valid.lower else day


def read_payees(content: bytes) -> tuple[list[PayeeRow], list[Problem]]:
    """Read a CSV or XLSX file of payees: the rows that can be kept, and every row that cannot.

    Columns `library`, `payee_kind`, `payee_name`, `vendor_number` in any order; others are not read. A row
    whose three last cells are blank says nothing and is passed over. Raises TableRefused where the file
    cannot be read as such a table.
    """
    with open_tables(content) as tables:
        rows = list(tables[0].rows())
    columns = _columns(rows)
    libraries = {library.key: library for library in Library.objects.all()}
    found: list[PayeeRow] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    for line, cells in rows[1:]:
        cell = {
            column: text_of(cells[place]) if place < len(cells) else "" for column, place in columns.items()
        }
        if not any(cell[column] for column in ("payee_kind", "payee_name", "vendor_number")):
            continue
        problem = _problem_of(cell, libraries, seen)
        seen.add(cell["library"].upper())
        if problem:
            problems.append(Problem(f"Line {line}", *problem))
            continue
        found.append(
            PayeeRow(
                libraries[cell["library"].upper()],
                PayeeKind(cell["payee_kind"].lower()),
                " ".join(cell["payee_name"].split()),
                cell["vendor_number"].upper(),
            )
        )
    return found, problems


def _columns(rows: Sequence[Row]) -> dict[str, int]:
    headings = [text_of(cell).lower().replace(" ", "_") for cell in rows[0][1]] if rows else []
    wanted = [column for column in COLUMNS if column != "name"]
    missing = [column for column in wanted if headings.count(column) != 1]
    if missing:
        raise TableRefused(
            f"The first line must have each of these headings once: {', '.join(wanted)}. "
            f"Missing or repeated: {', '.join(missing)}. Begin with the file of this page."
        )
    return {column: headings.index(column) for column in wanted}


def _problem_of(
    cell: Mapping[str, str], libraries: Mapping[str, Library], seen: set[str]
) -> tuple[str, str] | None:
    key = cell["library"].upper()
    if key not in libraries:
        return f"“{cell['library']}” is no library of the roster.", "Enter its key, such as CT0001."
    if key in seen:
        return f"{libraries[key]} stands in an earlier line too.", "Keep one line for each library."
    if cell["payee_kind"].lower() not in list(PayeeKind):
        return f"“{cell['payee_kind']}” is no kind of payee.", "Enter municipality or association."
    if problem := why_not_name(" ".join(cell["payee_name"].split())):
        return f"The name of the payee of {libraries[key]} cannot be kept.", problem
    if problem := why_not_vendor_number(cell["vendor_number"].upper()):
        return f"The vendor number of {libraries[key]} cannot be kept.", problem
    return None


def exported(libraries: Iterable[Library], on: date) -> Iterable[tuple[str, ...]]:
    """Yield the file of payees, headings first: blank where no payee is on record."""
    payees = {payee.library_id: payee for payee in Payee.objects.on(on)}
    yield COLUMNS
    for library in libraries:
        payee = payees.get(library.pk)
        if payee is not None:
            yield library.key, library.name, payee.kind, payee.name, payee.vendor_number
        else:
            yield library.key, library.name, "", "", ""


def _described(payee: Payee) -> dict[str, Any]:
    return {
        "kind": payee.kind,
        "name": payee.name,
        "vendor_number": payee.vendor_number,
        "from": payee.valid.lower.isoformat() if payee.valid.lower else None,
        "until": payee.valid.upper.isoformat() if payee.valid.upper else None,
    }
