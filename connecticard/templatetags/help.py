"""Tags of the help center."""

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from connecticard.help.explaining import explain
from connecticard.help.reading import explained_terms, language_of_page

register = template.Library()


@register.filter
def as_lang(language: str) -> SafeString | str:
    """Write the attribute that names the language of a part of a page, where it is not the page's own."""
    return "" if language == language_of_page() else format_html('lang="{}"', language)


@register.simple_block_tag(takes_context=True)
def explained(context: Context, content: SafeString) -> SafeString:
    """Let the words of the glossary that stand in a part of a page open their meaning.

    A request that was refused before its session was looked for asks the database nothing.
    """
    if not hasattr(context.get("request"), "user"):
        return content
    html, terms = explain(content, explained_terms(language_of_page()))
    meanings = render_to_string("help/_meanings.html", {"terms": terms}) if terms else ""
    return mark_safe(html + meanings)  # noqa: S308 - the page's own, and what a template wrote
