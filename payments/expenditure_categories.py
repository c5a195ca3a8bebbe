"""The categories of expenditure reports: those that ship with the rulebook, and what staff change of them."""

from datetime import date, timedelta

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Max

from connecticard import permissions
from connecticard.models import AuditEvent, User
from connecticard.permissions import Action
from connecticard.templatetags.figures import day, days
from payments.models import ExpenditureCategory
from payments.rules import expenditure_reporting
from payments.rules.expenditure_reporting import Category


class CategoryRefused(ValueError):
    """The category cannot be changed so; the message says why and what to do."""


def categories_on(on: date) -> tuple[Category, ...]:
    """Return the categories that a report made on that day offers, in the order of the form.

    Where none is on record those of the rulebook stand.
    """
    rows = ExpenditureCategory.objects.all()
    if kept := tuple(Category(row.code, row.name) for row in rows if on in row.valid):
        return kept
    return () if rows else expenditure_reporting.categories(on)


def names_ever() -> dict[str, str]:
    """Return the names of all categories on record by code, those no longer on the form too."""
    return dict(ExpenditureCategory.objects.values_list("code", "name"))


@transaction.atomic
def add_category(
    *, code: str, name: str, from_day: date, authority: str, position: int | None = None, by: User
) -> ExpenditureCategory:
    """Put a category on the form from a day on, at the end unless a position is given.

    Raises CategoryRefused for a code that is taken or malformed, and without a name or authority.
    """
    permissions.check(by, Action.MANAGE_ROSTER)
    code, name, authority = code.strip(), name.strip(), authority.strip()
    if not code.replace("_", "").isascii() or not code.replace("_", "").isalpha() or code != code.lower():
        raise CategoryRefused("A code is small letters and underscores, such as adult_programs. Enter it so.")
    if known := ExpenditureCategory.objects.filter(code=code).first():
        raise CategoryRefused(
            f"The code {code} is that of {known}, on the form {days(known.valid)}. Enter another code."
        )
    if not name or not authority:
        raise CategoryRefused("Enter the name that the form shows, and the rule or order that names it.")
    if position is None:
        position = (ExpenditureCategory.objects.aggregate(last=Max("position"))["last"] or 0) + 10
    category = ExpenditureCategory.objects.create(
        code=code, name=name, position=position, valid=DateRange(from_day, None), authority=authority
    )
    AuditEvent.record("expenditure_category_added", target=category, by=by, after=_facts(category))
    return category


@transaction.atomic
def end_category(*, category: ExpenditureCategory, last_day: date, by: User) -> ExpenditureCategory:
    """Take a category off the form after a day; reports made until then keep it.

    Raises CategoryRefused where an end is on record, and for a day before the category began.
    """
    permissions.check(by, Action.MANAGE_ROSTER)
    category = ExpenditureCategory.objects.select_for_update().get(pk=category.pk)
    if category.valid.upper is not None:
        raise CategoryRefused(f"{category} is on the form {days(category.valid)} already.")
    if category.valid.lower and last_day < category.valid.lower:
        raise CategoryRefused(
            f"{category} is on the form from {day(category.valid.lower)} on. Enter that day or a later one."
        )
    before = _facts(category)
    category.valid = DateRange(category.valid.lower, last_day + timedelta(days=1))
    category.save(update_fields=["valid"])
    AuditEvent.record(
        "expenditure_category_ended", target=category, by=by, before=before, after=_facts(category)
    )
    return category


@transaction.atomic
def move_category(*, category: ExpenditureCategory, position: int, by: User) -> ExpenditureCategory:
    """Give a category another place on the form."""
    permissions.check(by, Action.MANAGE_ROSTER)
    category = ExpenditureCategory.objects.select_for_update().get(pk=category.pk)
    before = _facts(category)
    category.position = position
    category.save(update_fields=["position"])
    AuditEvent.record(
        "expenditure_category_moved", target=category, by=by, before=before, after=_facts(category)
    )
    return category


def _facts(category: ExpenditureCategory) -> dict[str, str | int | None]:
    lower, upper = category.valid.lower, category.valid.upper
    return {
        "code": category.code,
        "name": category.name,
        "position": category.position,
        "from": lower and lower.isoformat(),
        "until": upper and upper.isoformat(),
        "authority": category.authority,
    }
