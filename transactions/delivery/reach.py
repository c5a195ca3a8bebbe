"""Which site and which quarter an address means, for the person who asks."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from connecticard.form_fields import FIRST_DAY, LAST_DAY
from connecticard.permissions import Action, delivery_sites_for
from libraries.models import DeliverySite
from transactions.rules.delivery_quarters import Quarter


def site_of(request: HttpRequest, key: str, action: Action = Action.VIEW_DELIVERY) -> DeliverySite:
    """Return a site by its key; 404 where this person may not see it, 403 where not do this."""
    seen = delivery_sites_for(request.user, Action.VIEW_DELIVERY).select_related("library", "town")
    site: DeliverySite = get_object_or_404(seen, key=key)
    if not delivery_sites_for(request.user, action).filter(pk=site.pk).exists():
        raise PermissionDenied(f"You may not {action.value} for {site}.")
    return site


def quarter_of(name: str) -> Quarter:
    """Return the quarter that an address names; 404 for any other text, and for days of no calendar."""
    try:
        quarter = Quarter.named(name)
    except ValueError:
        raise Http404(f"{name} names no quarter.") from None
    if not FIRST_DAY <= quarter.first_day <= LAST_DAY:
        raise Http404(f"Nothing is counted in {name}.")
    return quarter
