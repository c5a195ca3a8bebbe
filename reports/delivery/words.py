"""How the page of the statewide report of deliverIT CT names periods, in the language of the page."""

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from reports.delivery.period import Period


def period_words(period: Period) -> str:
    """Return a period in words: October to December 2026, or fiscal year 2027 (July 2026 to June 2027)."""
    last = date_format(period.last_day, "YEAR_MONTH_FORMAT")
    if period.is_year:
        return _("fiscal year %(year)s (%(first)s to %(last)s)") % {
            "year": period.fiscal_year,
            "first": date_format(period.first_day, "YEAR_MONTH_FORMAT"),
            "last": last,
        }
    return _("%(first)s to %(last)s") % {"first": date_format(period.first_day, "F"), "last": last}


def short_words(period: Period) -> str:
    """Return a period as a list of choices names it: Fiscal year 2027, or October to December 2026."""
    if period.is_year:
        return _("Fiscal year %(year)s") % {"year": period.fiscal_year}
    return period_words(period)
