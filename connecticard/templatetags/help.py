"""Tags of the help center."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from connecticard.help.reading import language_of_page

register = template.Library()


@register.filter
def as_lang(language: str) -> SafeString | str:
    """Write the attribute that names the language of a part of a page, where it is not the page's own."""
    return "" if language == language_of_page() else format_html('lang="{}"', language)
