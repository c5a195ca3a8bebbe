"""What apps that come after this one show beside a filing: each adds a panel when it starts.

So a page about a filing can say what it means for the payment, while nothing here knows of payments.
"""

from collections.abc import Callable
from typing import Any

from django.utils.safestring import SafeString

from transactions.models import Filing

Panel = Callable[[Filing, Any], SafeString]
"""Takes a filing that waits for its certificate and the person who sees it; returns a part of the page."""

_beside_certificate: list[Panel] = []


def add_panel(panel: Panel) -> None:
    """Show a panel on the page that certifies a filing; called by an app's `ready`."""
    if panel not in _beside_certificate:
        _beside_certificate.append(panel)


def panels_of(filing: Filing, user: Any) -> list[SafeString]:
    """Return the panels for one filing and person, empty ones left out."""
    shown = (panel(filing, user) for panel in _beside_certificate)
    return [part for part in shown if part.strip()]
