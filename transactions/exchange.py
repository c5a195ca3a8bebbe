"""The table of holidays as a file."""

from typing import Any

from connecticard.exchange import Column, ReferenceResource, a_day, a_text
from connecticard.models import User
from transactions.models import Holiday
from transactions.services.holidays import add_holiday, correct_holiday
from transactions.services.refusals import FilingRefused


class HolidayResource(ReferenceResource):
    """Days on which the State Library is closed; one is taken off on its own page, with a reason."""

    refusals = (FilingRefused,)
    columns = (
        Column("day", lambda holiday: holiday.day, a_day, "The day on which it is observed.", required=True),
        Column("name", lambda holiday: holiday.name, a_text(120), "What it is called.", required=True),
        Column(
            "source",
            lambda holiday: holiday.source,
            a_text(200),
            "The statute or the proclamation, with its date.",
            required=True,
        ),
    )

    class Meta(ReferenceResource.Meta):
        model = Holiday

    def keep(self, values: dict[str, Any], *, by: User) -> str:
        holiday = Holiday.objects.filter(day=values["day"]).first()
        if holiday is None:
            add_holiday(by=by, **values)
            return f"{values['name']} is put on record."
        if (holiday.name, holiday.source) == (values["name"], values["source"]):
            return ""
        correct_holiday(holiday=holiday, name=values["name"], source=values["source"], by=by)
        return f"Corrects name and source of {holiday.name}."
