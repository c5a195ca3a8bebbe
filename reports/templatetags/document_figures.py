"""How figures are written on pages and in documents. None is shown as nothing, never as zero."""

from datetime import date
from fractions import Fraction

from django import template

register = template.Library()

MINUS = "\N{MINUS SIGN}"


@register.filter
def count(value: int | None) -> str:
    """Return 3580340 as 3,580,340."""
    if value is None:
        return ""
    return f"{_whole(value):,}".replace("-", MINUS)


@register.filter
def cents(value: int | None) -> str:
    """Return 70363800 cents as $703,638.00."""
    if value is None:
        return ""
    dollars, rest = divmod(abs(_whole(value)), 100)
    return f"{MINUS if value < 0 else ''}${dollars:,}.{rest:02d}"


@register.filter
def rate(value: Fraction) -> str:
    """Return dollars for one loan with ten decimals, half to even: $0.0982641331."""
    return _decimals(value, 10)


@register.filter
def dollars(value: Fraction) -> str:
    """Return an exact amount of dollars with six decimals: $1,213.070714."""
    return _decimals(value, 6)


@register.filter
def signed_dollars(value: Fraction) -> str:
    """Return a small difference in dollars with its sign and six decimals: +$0.004287."""
    return _decimals(value, 6) if value <= 0 else f"+{_decimals(value, 6)}"


@register.filter
def long_date(value: date | None) -> str:
    """Return March 1, 2018."""
    if value is None:
        return ""
    return f"{value:%B} {value.day}, {value.year}"


@register.filter
def short_digest(value: str) -> str:
    """Return the first eight digits of a SHA-256, enough to tell two editions apart by eye."""
    return value[:8]


def _decimals(value: Fraction, places: int) -> str:
    scaled = round(abs(value) * 10**places)
    whole, rest = divmod(scaled, 10**places)
    return f"{MINUS if value < 0 and scaled else ''}${whole:,}.{rest:0{places}d}"


def _whole(value: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(
            f"{value!r} is not a whole number; a figure is formatted as it was stored, never guessed"
        )
    return value
