"""Letters when something was signed: the certifier hears that it is time, the filer that it is done.

Programs that keep a webhook hear of a certificate too.
"""

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from connecticard.mail import About, send_letter
from connecticard.models import MessageKind, RoleAssignment, User, WebhookType
from connecticard.permissions import PERMITTED, Action
from connecticard.webhooks import announce
from transactions.models import Filing, FilingReceipt
from transactions.rules.filing_calendar import eastern_day


def tell_certifiers(filing: Filing, receipt: FilingReceipt, *, by: User, at: datetime) -> None:
    """Tell who may certify for the library today that a filing waits for it; not who submitted it."""
    held = (
        RoleAssignment.objects.filter(library=filing.library, role__in=PERMITTED[Action.CERTIFY_FILING])
        .in_force(eastern_day(at))
        .filter(user__is_active=True)
        .exclude(user=by)
        .select_related("user")
    )
    for person in sorted({each.user for each in held}, key=lambda user: user.pk):
        _send("filing_submitted", filing, receipt, to=person, by=by, page="transactions:filing_certify")


def tell_programs(filing: Filing) -> None:
    """Tell programs that keep a webhook and may see the library that its filing is certified."""
    period = filing.period
    announce(
        WebhookType.FILING_CERTIFIED,
        library=filing.library,
        data={
            "library": filing.library.key,
            "cadence": period.cadence,
            "first_day": period.first_day.isoformat(),
            "version": filing.version,
        },
        path=f"/api/v1/filings/{filing.library.key}-{period.cadence}-{period.first_day}-{filing.version}/",
    )


def tell_filer(filing: Filing, certificate: FilingReceipt, *, by: User) -> None:
    """Tell who submitted a filing that it is certified, with the number of the certificate."""
    filer = filing.submitted_by
    if filer is not None and filer != by and filer.is_active:
        _send("filing_certified", filing, certificate, to=filer, by=by, page="transactions:filing")


def _send(name: str, filing: Filing, receipt: FilingReceipt, *, to: User, by: User, page: str) -> None:
    send_letter(
        name,
        to=to.email,
        kind=MessageKind.NOTICE,
        person=to,
        about=[About(f"{receipt.kind_label} {receipt.number}", library=filing.library)],
        by=by,
        filing=filing,
        receipt=receipt,
        signed_by=by,
        page=settings.SITE_URL + reverse(page, args=[filing.pk]),
        receipt_page=settings.SITE_URL + receipt.get_absolute_url(),
    )
