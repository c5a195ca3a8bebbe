"""Tags for the parts of a page that hold other parts; the rest are includes in templates/_components/."""

from django import template
from django.template.exceptions import TemplateSyntaxError
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.inclusion_tag("_components/breadcrumbs.html")
def breadcrumbs(*labels_and_urls: str) -> dict[str, object]:
    """Show the way to this page: `{% breadcrumbs "Payment runs" runs_url "Fiscal year 2027" %}`.

    Labels and addresses in turn, the name of this page last.
    """
    if len(labels_and_urls) % 2 == 0:
        raise TemplateSyntaxError("give a label and an address in turn, and last the name of this page")
    *steps, here = labels_and_urls
    return {"trail": list(zip(steps[::2], steps[1::2], strict=True)), "here": here}


@register.simple_block_tag
def in_one_line(content: SafeString) -> SafeString:
    """Keep what a block says, in one line that an attribute can hold: `{% in_one_line as page_name %}`."""
    return SafeString(" ".join(content.replace('"', "&quot;").split()))


@register.simple_block_tag
def table_region(content: SafeString, label: str) -> SafeString:
    """Let a wide table scroll sideways within the page, by keyboard too: `{% table_region "Payments" %}`."""
    return format_html(
        '<div class="table-region" role="region" aria-label="{}" tabindex="0">{}</div>', label, content
    )
