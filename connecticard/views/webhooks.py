"""My webhooks: programs that are told of what happens; and how they are, for everybody."""

from pathlib import Path

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from connecticard import webhook_services
from connecticard.models import WebhookSubscription
from connecticard.permissions import Action, requires, signed_in
from connecticard.services import Refused
from connecticard.webhook_delivery import TRIED_AGAIN_AFTER
from connecticard.webhook_forms import WebhookForm
from connecticard.webhook_services import CHOSEN, roles_to_choose, subscriptions_of

EXAMPLE = Path(settings.BASE_DIR) / "docs" / "verify_webhook.py"
DELIVERIES_ON_A_PAGE = 50
_FIELDS = {
    "filing.certified": "library, cadence, first_day, version; href: the filing",
    "edition.published": "fiscal_year, edition; href: its documents",
    "payment.paid": "library, fiscal_year, run, on; href: the payments of the run",
    "payment.returned": "library, fiscal_year, run, on; href: the payments of the run",
}


@login_not_required
@require_safe
def webhook_reference(request: HttpRequest) -> HttpResponse:
    """Explain webhooks; public."""
    return render(
        request,
        "connecticard/webhook_reference.html",
        {
            "events": [(each.value, each.label, _FIELDS[each.value]) for each in CHOSEN],
            "example": EXAMPLE.read_text(),
            "tries": len(TRIED_AGAIN_AFTER) + 1,
            "site": settings.SITE_URL,
        },
    )


@requires(Action.KEEP_WEBHOOKS)
@require_safe
def webhook_list(request: HttpRequest) -> HttpResponse:
    """List one's own webhooks."""
    return render(
        request,
        "connecticard/webhook_list.html",
        {"subscriptions": subscriptions_of(request.user), "roles": roles_to_choose(signed_in(request))},
    )


@requires(Action.KEEP_WEBHOOKS)
@never_cache
@reauthentication_required(app="allauth.mfa")
def webhook_add(request: HttpRequest) -> HttpResponse:
    """Add a webhook and show its secret, once; it outlives the session, so the second factor is asked."""
    form = WebhookForm(request.POST or None, user=signed_in(request))
    if request.method == "POST" and form.is_valid():
        try:
            subscription, secret = webhook_services.add_webhook(
                assignment=form.cleaned_data["role"],
                name=form.cleaned_data["name"],
                address=form.cleaned_data["address"],
                events=form.cleaned_data["events"],
                by=signed_in(request),
            )
        except Refused as refused:
            form.add_error("address", str(refused))
        else:
            return _show_secret(request, subscription, secret)
    return render(
        request, "connecticard/webhook_form.html", {"form": form}, status=422 if form.errors else 200
    )


@requires(Action.KEEP_WEBHOOKS)
@require_safe
def webhook(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a webhook, what it was told and what came of it."""
    subscription = _own(request, pk)
    deliveries = subscription.deliveries.select_related("event", "event__library").prefetch_related(
        "attempts"
    )
    return render(
        request,
        "connecticard/webhook.html",
        {
            "subscription": subscription,
            "events": [each.label for each in CHOSEN if each.value in subscription.events],
            "page": Paginator(deliveries, DELIVERIES_ON_A_PAGE).get_page(request.GET.get("page")),
        },
    )


@requires(Action.KEEP_WEBHOOKS)
@require_POST
def webhook_pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Pause a webhook, or resume one that is paused."""
    subscription, by = _own(request, pk), signed_in(request)
    if request.POST.get("resume"):
        webhook_services.resume_webhook(subscription=subscription, by=by)
        messages.success(request, "It is told of what happens from now on.")
    else:
        webhook_services.pause_webhook(subscription=subscription, by=by)
        messages.success(request, "It is paused and told of nothing.")
    return redirect("connecticard:webhook", pk)


@requires(Action.KEEP_WEBHOOKS)
@require_POST
def webhook_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a webhook."""
    webhook_services.remove_webhook(subscription=_own(request, pk), by=signed_in(request))
    messages.success(request, "The webhook is removed.")
    return redirect("connecticard:webhook_list")


@requires(Action.KEEP_WEBHOOKS)
@require_POST
@never_cache
@reauthentication_required(app="allauth.mfa")
def webhook_rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a webhook a new secret and show it, once; as when it was added, the second factor is asked."""
    subscription = _own(request, pk)
    secret = webhook_services.rotate_secret(subscription=subscription, by=signed_in(request))
    return _show_secret(request, subscription, secret, is_new=True)


@requires(Action.KEEP_WEBHOOKS)
@require_POST
def webhook_ping(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a test."""
    try:
        webhook_services.ping_webhook(subscription=_own(request, pk), by=signed_in(request))
        messages.success(request, "A test is on its way. Reload this page to see what came of it.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("connecticard:webhook", pk)


@requires(Action.KEEP_WEBHOOKS)
@require_POST
def webhook_replay(request: HttpRequest, pk: int, delivery_pk: int) -> HttpResponse:
    """Send a delivery again."""
    delivery = get_object_or_404(_own(request, pk).deliveries, pk=delivery_pk)
    try:
        webhook_services.replay_delivery(delivery=delivery, by=signed_in(request))
        messages.success(request, "It is sent again, by the same webhook-id.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("connecticard:webhook", pk)


def _own(request: HttpRequest, pk: int) -> WebhookSubscription:
    subscription: WebhookSubscription = get_object_or_404(subscriptions_of(request.user), pk=pk)
    return subscription


def _show_secret(
    request: HttpRequest, subscription: WebhookSubscription, secret: str, *, is_new: bool = False
) -> HttpResponse:
    return render(
        request,
        "connecticard/webhook_secret.html",
        {"subscription": subscription, "secret": secret, "is_new": is_new},
    )
