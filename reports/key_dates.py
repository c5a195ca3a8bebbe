"""The days of the program's year: what falls due when, on a page and for a calendar."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext

from connecticard.rulebook import Entry
from payments.rules import expenditure_reporting
from payments.rules.expenditure_reporting import fiscal_year_of, report_due_in
from transactions.models import Holiday
from transactions.rules.filing_calendar import (
    Cadence,
    Span,
    default_cadence,
    due_entry,
    period_dates,
    periods_of_year,
    program_year_of,
)
from transactions.services.holidays import observed_holidays
from transactions.spans import span_in_words

DAYS_AHEAD = 366
_LONGEST_LINE = 75  # octets of a line of a calendar, RFC 5545 3.1


@dataclass(frozen=True)
class KeyDate:
    """A day by which something is due, and the entry of the rulebook that says so."""

    on: date
    what: str
    entry: Entry


def key_dates(today: date) -> list[KeyDate]:
    """Return what falls due within a year from a day on, in order, as the law's calendar has it.

    The filings of libraries that chose no cadence, the next filing of those that file every month, and the
    expenditure report.
    """
    last_day = today + timedelta(days=DAYS_AHEAD)
    years = range(today.year - 1, last_day.year + 2)
    holidays = frozenset(Holiday.objects.values_list("day", flat=True)) or frozenset(observed_holidays(years))
    dates = [
        KeyDate(
            period.due_on,
            gettext("Loans of %(span)s") % {"span": span_in_words(period.span)},
            due_entry(period.cadence, period.span.first_day),
        )
        for year in (program_year_of(today) + offset for offset in (-1, 0, 1))
        for period in periods_of_year(year, (), holidays)
    ]
    if Cadence.MONTHLY is not default_cadence(today):
        dates.append(_next_month_due(today, holidays))
    for fiscal_year in (fiscal_year_of(today), fiscal_year_of(today) + 1):
        report = report_due_in(fiscal_year)
        covers = span_in_words(Span(report.covers_first_day, report.covers_last_day))
        dates.append(
            KeyDate(
                report.due_on,
                gettext("Expenditure report on money received %(span)s") % {"span": covers},
                expenditure_reporting.RULEBOOK.entry("expenditure_report.due", report.due_on),
            )
        )
    return sorted(
        (found for found in dates if today <= found.on <= last_day), key=lambda found: (found.on, found.what)
    )


def _next_month_due(today: date, holidays: frozenset[date]) -> KeyDate:
    """Return the next filing that falls due for libraries that file every month."""
    month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    while (period := period_dates(Cadence.MONTHLY, month, holidays)).due_on < today:
        month = (month + timedelta(days=32)).replace(day=1)
    return KeyDate(
        period.due_on,
        gettext("Loans of %(span)s, where a library files every month")
        % {"span": span_in_words(period.span)},
        due_entry(Cadence.MONTHLY, month),
    )


def calendar_of(dates: Sequence[KeyDate], *, site: str, made_on: date) -> str:
    """Return days as an iCalendar file (RFC 5545), each a whole day; the same days give the same text.

    `site` is the address of this site, which the identifiers of the days end in.
    """
    host = site.partition("//")[2].partition(":")[0]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Connecticut State Library//borrowIT CT//EN"]
    for number, due in enumerate(dates, start=1):
        same_day = sum(other.on == due.on for other in dates[:number])
        lines += [
            "BEGIN:VEVENT",
            f"UID:{due.on:%Y%m%d}-{same_day}-{due.entry.key.replace('_', '-')}@{host}",
            f"DTSTAMP:{made_on:%Y%m%d}T000000Z",
            f"DTSTART;VALUE=DATE:{due.on:%Y%m%d}",
            f"DTEND;VALUE=DATE:{due.on + timedelta(days=1):%Y%m%d}",
            f"SUMMARY:{_escaped(f'Due: {due.what}')}",
            f"DESCRIPTION:{_escaped(f'Due to 11:59:59 p.m. Eastern. {due.entry.citation}')}",
            f"URL:{site}/key-dates/",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _escaped(text: str) -> str:
    """Return text as a calendar writes it (RFC 5545 3.3.11)."""
    for character in ("\\", ";", ","):
        text = text.replace(character, f"\\{character}")
    return text.replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """Yield a line in parts of at most 75 octets, every part after the first begun by a space."""
    part, size = "", 0
    for character in line:
        octets = len(character.encode())
        if size + octets > _LONGEST_LINE:
            yield part
            part, size = " ", 1
        part, size = part + character, size + octets
    yield part
