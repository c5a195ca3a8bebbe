"""What a library reports about the money it received: which year, by when, and in which categories."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from connecticard.rulebook import Entry, Label, Rulebook
from payments.rules.cents import dollars

_CHECKED = date(2026, 11, 21)
REPORT_RULE = "Regs. Conn. State Agencies § 11-31c-2(e)"
_CATEGORIES_PRACTICE = "State Library guide to borrowIT CT: how the payments of fiscal year 2022 were spent"
_PURPOSES_RULE = "Regs. Conn. State Agencies § 11-31c-1(i), 11-31c-4(d)"

# Of every edition of the form, in the order in which forms and reports show them.
CATEGORY_CODES = (
    "materials",
    "automation",
    "supplies",
    "furniture_and_equipment",
    "staff",
    "programs_and_services",
    "training",
    "building_operation",
    "construction",
    "land",
    "other",
)


def _category(code: str, name: str, label: Label, sentence: str) -> Entry:
    return Entry(
        key=f"expenditure_category.{code}",
        value=name,
        citation=_CATEGORIES_PRACTICE if label is Label.PRACTICE else _PURPOSES_RULE,
        label=label,
        sentence=sentence,
        last_checked_on=_CHECKED,
    )


RULEBOOK = Rulebook(
    [
        Entry(
            key="fiscal_year.begins",
            value="07-01",
            citation=REPORT_RULE,
            label=Label.LAW,
            sentence="A state fiscal year runs from July 1 to June 30 and is named for the year in which it"
            " ends.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="expenditure_report.due",
            value="11-01",
            citation=REPORT_RULE,
            label=Label.LAW,
            sentence="The expenditure report is due on November 1.",
            last_checked_on=_CHECKED,
            effective_from=date(1994, 1, 31),
        ),
        Entry(
            key="expenditure_report.reminder",
            value="10-31",
            citation="State Library guide to borrowIT CT: expenditure reports by October 31",
            label=Label.PRACTICE,
            sentence="Libraries are asked for the expenditure report by October 31; the date only reminds, "
            "and a report filed on November 1 is in time.",
            last_checked_on=_CHECKED,
            effective_from=date(2024, 7, 1),
        ),
        Entry(
            key="expenditure_report.moves_off_weekends",
            value=False,
            citation=REPORT_RULE,
            label=Label.LAW,
            sentence="A November 1 that falls on a weekend stays the day on which the report is due.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="expenditure_report.fiscal_years_back",
            value=2,
            citation=REPORT_RULE,
            label=Label.LAW,
            sentence="The report covers money received in the second previous state fiscal year: the one "
            "due on November 1, 2026 covers July 2024 to June 2025.",
            last_checked_on=_CHECKED,
            effective_from=date(1994, 1, 31),
        ),
        Entry(
            key="expenditure_report.year_is_that_of_receipt",
            value=True,
            citation=REPORT_RULE,
            label=Label.LAW,
            sentence="Money belongs to the fiscal year in which the library received it, whenever it was "
            "ordered.",
            last_checked_on=_CHECKED,
            effective_from=date(1994, 1, 31),
        ),
        Entry(
            key="expenditure_report.lines_add_up_to",
            value="money received",
            citation=REPORT_RULE,
            label=Label.READING,
            sentence="Money spent, by category, and money unspent and still held for the library add up to "
            "the money received.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="expenditure_report.returned_to_the_town",
            value=False,
            citation="Regs. Conn. State Agencies § 11-31c-4(d); C.G.S. § 11-31b",
            label=Label.LAW,
            sentence="No part of the grant may go back to a town's general fund; the report has no line for"
            " it, and its certificate says that none did.",
            last_checked_on=_CHECKED,
            effective_from=date(1994, 1, 31),
        ),
        Entry(
            key="expenditure_report.certificate",
            value="I certify for my library that this report is accurate and complete, and that no part of "
            "the money went back to the general fund of a town.",
            citation="Regs. Conn. State Agencies § 11-31c-2(e), 11-31c-4(d)",
            label=Label.READING,
            sentence="The words under which a library certifies its expenditure report are the program's.",
            last_checked_on=_CHECKED,
        ),
        _category("materials", "Materials", Label.PRACTICE, "Books and other things that the library lends."),
        _category("automation", "Automation", Label.PRACTICE, "Computers, catalog and circulation systems."),
        _category("supplies", "Supplies", Label.PRACTICE, "Supplies that are used up."),
        _category(
            "furniture_and_equipment", "Furniture and equipment", Label.PRACTICE, "Furniture and equipment."
        ),
        _category("staff", "Staff", Label.READING, "Wages, salaries and benefits: a function of a library."),
        _category(
            "programs_and_services",
            "Programs and services",
            Label.READING,
            "Programs for the public and services bought from others: functions of a library.",
        ),
        _category("training", "Training", Label.READING, "Training and travel of staff and trustees."),
        _category(
            "building_operation",
            "Running and repairing buildings",
            Label.READING,
            "Heat, light, cleaning, insurance and repair of library buildings.",
        ),
        _category(
            "construction",
            "Construction, alteration or remodeling",
            Label.LAW,
            "The definition of general library purposes names construction, alteration and remodeling.",
        ),
        _category("land", "Land", Label.LAW, "The definition of general library purposes names land."),
        _category(
            "other", "Other library purposes", Label.PRACTICE, "Any other function of a public library."
        ),
    ]
)


@dataclass(frozen=True)
class ReportDue:
    """One expenditure report: when it is due, and the fiscal year of receipt that it covers.

    `payment_fiscal_year` is the year whose payment depends on it. `remind_on` is None where no practice is
    known.
    """

    payment_fiscal_year: int
    due_on: date
    remind_on: date | None
    covers_fiscal_year: int
    covers_first_day: date
    covers_last_day: date


@dataclass(frozen=True)
class Category:
    """A purpose that money was spent on, as the form lists it."""

    code: str
    name: str


@dataclass(frozen=True)
class ExpenditureLine:
    """Money spent in one category, in cents."""

    category: str
    cents: int


@dataclass(frozen=True)
class Problem:
    """What keeps a report from being filed. `field`: a category's code, `unspent` or `total`."""

    field: str
    message: str


def fiscal_year_of(day: date) -> int:
    """Return the state fiscal year that a day lies in: June 30, 2025 is in 2025, July 1, 2025 in 2026.

    Source: Regs. Conn. State Agencies § 11-31c-2(e).
    """
    month, first = _month_and_day("fiscal_year.begins", day)
    return day.year + 1 if day >= date(day.year, month, first) else day.year


def fiscal_year_days(fiscal_year: int) -> tuple[date, date]:
    """Return the first and the last day of a state fiscal year: 2025 is July 1, 2024 to June 30, 2025.

    Source: Regs. Conn. State Agencies § 11-31c-2(e).
    """
    month, day = _month_and_day("fiscal_year.begins", date(fiscal_year, 1, 1))
    return date(fiscal_year - 1, month, day), date(fiscal_year, month, day) - timedelta(days=1)


def report_due_in(payment_fiscal_year: int) -> ReportDue:
    """Return the expenditure report that falls due in the fiscal year of a payment, which depends on it.

    The payment of fiscal year 2027 depends on the report due November 1, 2026, on money received in fiscal
    year 2025. The day is not moved off a weekend.

    Source: Regs. Conn. State Agencies § 11-31c-2(e), 11-31c-4(a).
    """
    opens, _ = fiscal_year_days(payment_fiscal_year)
    reminder_known = "expenditure_report.reminder" in RULEBOOK.in_force(opens)
    covers = payment_fiscal_year - RULEBOOK.number("expenditure_report.fiscal_years_back", opens)
    first_day, last_day = fiscal_year_days(covers)
    return ReportDue(
        payment_fiscal_year=payment_fiscal_year,
        due_on=_in_fiscal_year("expenditure_report.due", opens),
        remind_on=_in_fiscal_year("expenditure_report.reminder", opens) if reminder_known else None,
        covers_fiscal_year=covers,
        covers_first_day=first_day,
        covers_last_day=last_day,
    )


def report_on_money_received(received_on: date) -> ReportDue:
    """Return the expenditure report on which money received that day is reported.

    The day of receipt decides, not the day of the Board's order: money ordered June 25, 2025 and received
    July 2, 2025 is reported November 1, 2027.

    Source: Regs. Conn. State Agencies § 11-31c-2(e).
    """
    opens, _ = fiscal_year_days(fiscal_year_of(received_on))
    return report_due_in(
        fiscal_year_of(received_on) + RULEBOOK.number("expenditure_report.fiscal_years_back", opens)
    )


def categories(on: date) -> tuple[Category, ...]:
    """Return the categories that ship for a report made on that day, in the order of the form.

    Source: Regs. Conn. State Agencies § 11-31c-1(i), 11-31c-4(d).
    """
    in_force = RULEBOOK.in_force(on)
    return tuple(
        Category(code, str(in_force[f"expenditure_category.{code}"].value))
        for code in CATEGORY_CODES
        if f"expenditure_category.{code}" in in_force
    )


def certificate(on: date) -> str:
    """Return the words under which a report made on that day is certified.

    Source: Regs. Conn. State Agencies § 11-31c-2(e), 11-31c-4(d).
    """
    return str(RULEBOOK.entry("expenditure_report.certificate", on).value)


def problems(
    received_cents: int,
    lines: Sequence[ExpenditureLine],
    unspent_cents: int,
    *,
    offered: Sequence[Category],
) -> tuple[Problem, ...]:
    """Return what is wrong with a report on money received; empty when it may be filed.

    Spent by category and unspent must add up to the money received, in cents. `offered` are the categories of
    the form. ValueError for an amount that is not a whole number of cents.

    Source: Regs. Conn. State Agencies § 11-31c-2(e), 11-31c-4(d).
    """
    for cents in (received_cents, unspent_cents, *(line.cents for line in lines)):
        if type(cents) is not int:
            raise ValueError(f"an amount must be a whole number of cents, not {cents!r}")
    if received_cents < 0:
        raise ValueError(f"money received must not be negative, and is {received_cents} cents")

    names = {category.code: category.name for category in offered}
    found: list[Problem] = []
    seen: set[str] = set()
    for line in lines:
        if line.category not in names:
            found.append(
                Problem(
                    line.category, f"The form has no category {line.category!r}; choose one that it lists."
                )
            )
        elif line.category in seen:
            found.append(
                Problem(line.category, f"{names[line.category]} is there twice; put its money on one line.")
            )
        elif line.cents < 0:
            found.append(
                Problem(
                    line.category,
                    f"{names[line.category]}: {dollars(line.cents)} is below zero; enter what was spent.",
                )
            )
        seen.add(line.category)
    if unspent_cents < 0:
        found.append(
            Problem("unspent", f"Unspent: {dollars(unspent_cents)} is below zero; enter what is still held.")
        )

    spent_cents = sum(line.cents for line in lines)
    if not found and spent_cents + unspent_cents != received_cents:
        difference = received_cents - spent_cents - unspent_cents
        found.append(
            Problem(
                "total",
                f"Spent ({dollars(spent_cents)}) and unspent ({dollars(unspent_cents)}) make "
                f"{dollars(spent_cents + unspent_cents)}, and {dollars(received_cents)} was received; "
                f"{dollars(abs(difference))} {'is missing' if difference > 0 else 'is too much'}. Enter what "
                "was spent under its category and what is still held for the library as unspent.",
            )
        )
    return tuple(found)


def _month_and_day(key: str, on: date) -> tuple[int, int]:
    month, day = str(RULEBOOK.entry(key, on).value).split("-")
    return int(month), int(day)


def _in_fiscal_year(key: str, opens: date) -> date:
    """Return the day of an entry such as 11-01 in the fiscal year that opens on that day."""
    month, day = _month_and_day(key, opens)
    this_year = date(opens.year, month, day)
    return this_year if this_year >= opens else date(opens.year + 1, month, day)
