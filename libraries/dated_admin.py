"""What the roster's pages under /admin/ share: what services refuse, and days from and to."""

from typing import Any

from django.contrib import admin

from connecticard.reference_admin import ActForm, ReferenceAdmin
from connecticard.templatetags.figures import days
from libraries.refused import RosterChangeRefused


class RosterForm(ActForm):
    """A change of who takes part."""

    refusals = (RosterChangeRefused,)


class DatedAdmin(ReferenceAdmin):
    """Records that hold from a day until a day."""

    @admin.display(description="On record", ordering="valid")
    def holds(self, record: Any) -> str:
        return days(record.valid)
