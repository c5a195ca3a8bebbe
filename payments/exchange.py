"""The categories of expenditure reports as a file."""

from typing import Any

from connecticard.exchange import Column, ReferenceResource, Wrong, a_day, a_text, first_of, last_of
from connecticard.models import User
from connecticard.templatetags.figures import day
from payments.expenditure_categories import CategoryRefused, add_category, end_category, move_category
from payments.models import ExpenditureCategory


def a_position(cell: str) -> int:
    """Read a place on the form."""
    if not cell.isascii() or not cell.isdigit() or int(cell[:6]) > 9999:
        raise ValueError("It is no whole number from 0 to 9999. Enter one.")
    return int(cell)


class ExpenditureCategoryResource(ReferenceResource):
    """Purposes under which libraries tell what they spent: a row adds one, moves it or ends it."""

    refusals = (CategoryRefused,)
    columns = (
        Column("code", lambda row: row.code, a_text(60), "Small letters and underscores.", required=True),
        Column("name", lambda row: row.name, a_text(120), "As the form shows it.", required=True),
        Column("position", lambda row: row.position, a_position, "Its place on the form; lower comes first."),
        Column("from_day", lambda row: first_of(row.valid), a_day, "The first day; empty where unknown."),
        Column("through", lambda row: last_of(row.valid), a_day, "The last day; empty where there is none."),
        Column(
            "authority",
            lambda row: row.authority,
            a_text(250),
            "The rule, practice or order that names it.",
            required=True,
        ),
    )

    class Meta(ReferenceResource.Meta):
        model = ExpenditureCategory

    def keep(self, values: dict[str, Any], *, by: User) -> str:
        category, done = ExpenditureCategory.objects.filter(code=values["code"]).first(), []
        if category is None:
            if values.get("from_day") is None:
                raise Wrong("from_day", "Enter the first day on which the form has it.")
            category = add_category(
                code=values["code"],
                name=values["name"],
                from_day=values["from_day"],
                authority=values["authority"],
                position=values.get("position"),
                by=by,
            )
            done.append(f"The form has {category} from {day(values['from_day'])} on.")
        for name, stands in (("name", category.name), ("authority", category.authority)):
            if values[name] != stands:
                raise Wrong(
                    name, f"On record is {stands}. End this category and add another under a new code."
                )
        if "from_day" in values and values["from_day"] != first_of(category.valid):
            raise Wrong("from_day", "The first day on record stays.")
        if values.get("position") not in (None, category.position):
            category = move_category(category=category, position=values["position"], by=by)
            done.append(f"{category} gets another place on the form.")
        if "through" in values and values["through"] != last_of(category.valid):
            if values["through"] is None:
                raise Wrong("through", "Its last day is on record. Add another category under a new code.")
            end_category(category=category, last_day=values["through"], by=by)
            done.append(f"The form has {category} through {day(values['through'])}.")
        return " ".join(done)
