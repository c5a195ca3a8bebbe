"""What the program's rules say, as live values of help pages: no text copies a figure, a day, a citation."""

from django.template.loader import render_to_string
from django.utils.html import format_html

from connecticard.help.macros import Asked, MacroRefused, register
from connecticard.rulebook import Entry
from connecticard.templatetags.figures import day
from payments.rules.expenditure_reporting import fiscal_year_of
from payments.rules.rulebook import whole_rulebook
from reports.key_dates import KeyDate, key_dates
from reports.rulebook import in_words
from transactions.rules._wording import written_span
from transactions.rules.filing_calendar import measurement_period


def _entry(asked: Asked) -> Entry:
    try:
        return whole_rulebook().entry(asked.argument, asked.today)
    except KeyError as unknown:
        raise MacroRefused(
            f"The rulebook has no “{asked.argument}” in force. The rulebook's page lists every key."
        ) from unknown


@register(
    "rule",
    example="rule semiannual_due_days_after",
    says="The value of a rulebook entry in force on the day, such as 7 or March 1.",
)
def rule(asked: Asked) -> str:
    return in_words(_entry(asked).value)


@register(
    "cite",
    example="cite semiannual_due_days_after",
    says="Where a rulebook entry stands in law, linked to it.",
)
def cite(asked: Asked) -> str:
    entry = _entry(asked)
    return render_to_string("_components/citation.html", {"citation": entry.citation, "key": entry.key})


@register(
    "law",
    example="law semiannual_due_days_after",
    says="The sentence of a rulebook entry, with its citation.",
)
def law(asked: Asked) -> str:
    return format_html("{} {}", _entry(asked).sentence, cite(asked))


@register(
    "due",
    example="due semiannual",
    says="The next day on which something is due: semiannual, monthly or expenditure.",
)
def due(asked: Asked) -> str:
    kinds = {
        "semiannual": "semiannual_due_days_after",
        "monthly": "monthly_due_working_days_after",
        "expenditure": "expenditure_report.due",
    }
    if asked.argument not in kinds:
        raise MacroRefused(f"Nothing is called “{asked.argument}”. Choose one of: {', '.join(kinds)}.")
    found = (each for each in key_dates(asked.today) if each.entry.key == kinds[asked.argument])
    nearest: KeyDate | None = next(found, None)
    return day(nearest.on) if nearest else "–"


@register(
    "key-dates",
    example="key-dates",
    says="What falls due within a year, as a table.",
    is_block=True,
)
def dates(asked: Asked) -> str:
    return render_to_string("reports/_key_dates_table.html", {"dates": key_dates(asked.today)})


@register("fiscal-year", example="fiscal-year", says="The State's fiscal year on the day, such as 2027.")
def fiscal_year(asked: Asked) -> str:
    return str(fiscal_year_of(asked.today))


@register(
    "measured",
    example="measured",
    says="The months of lending that the payment of this fiscal year is measured over.",
)
def measured(asked: Asked) -> str:
    return written_span(measurement_period(fiscal_year_of(asked.today)))
