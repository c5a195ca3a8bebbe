"""What is shown of a receipt: whether it still stands, its totals, and how its SHA-256 is made again."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext, pgettext

from connecticard.canonical_json import canonical_json
from connecticard.permissions import Action, libraries_for
from connecticard.templatetags.figures import month as month_of
from connecticard.templatetags.figures import months
from transactions.models import Filing, FilingReceipt
from transactions.rules.filing_status import FilingStatus
from transactions.rules.receipt_numbers import ReceiptKind
from transactions.services import filing_content, filing_fingerprint

# The program by which anybody makes the SHA-256 of a download again, shown and tested as it stands.
RECIPE = (Path(__file__).parent / "data" / "sha256_of_counts.py").read_text()


@dataclass(frozen=True)
class Standing:
    """What has become of what a receipt was given for; `by` is the receipt that came after it, if any.

    `tag` names the colour of its sign on the page.
    """

    tag: str
    label: str
    sentence: str
    at: datetime | None = None
    by: FilingReceipt | None = None


def receipt_of(number: str) -> FilingReceipt | None:
    """Return the receipt of a number; None where there is none."""
    receipts = FilingReceipt.objects.select_related("library", "period", "filing", "signer")
    return receipts.filter(number=number).first()


def may_see_counts(user: Any, receipt: FilingReceipt) -> bool:
    """Return whether a person may see the filing that a receipt is of, with its counts."""
    return libraries_for(user, Action.VIEW_LIBRARY).filter(pk=receipt.library_id).exists()


def visible_receipt(user: Any, number: str) -> FilingReceipt | None:
    """Return the receipt of a number where the person may see its filing, with its counts; else None."""
    found = receipt_of(number)
    return found if found is not None and may_see_counts(user, found) else None


def standing_of_receipt(receipt: FilingReceipt) -> Standing:
    """Return whether a receipt still stands, was replaced or withdrawn."""
    filing = receipt.filing
    if filing is None:
        return Standing(
            "void",
            pgettext("of a filing", "Withdrawn"),
            gettext("The amendment that was submitted was undone before anybody certified it."),
            receipt.withdrawn_at,
        )
    if receipt.is_certificate:
        return _of_a_certificate(filing)
    if later := filing.receipts.filter(
        kind=ReceiptKind.SUBMISSION.value, sequence__gt=receipt.sequence
    ).last():
        return Standing(
            "superseded",
            pgettext("of a filing", "Replaced"),
            gettext("The filing was returned for correction and submitted again."),
            later.issued_at,
            later,
        )
    if filing.status == FilingStatus.CERTIFIED:
        certificate = filing.receipts.filter(kind=ReceiptKind.CERTIFICATE.value).first()
        return Standing(
            "certified",
            pgettext("of a filing", "Certified"),
            gettext("What was submitted has been certified by the library."),
            filing.certified_at,
            certificate,
        )
    if filing.status == FilingStatus.SUBMITTED:
        return Standing(
            "submitted",
            pgettext("of a filing", "Received"),
            gettext("It stands as it was submitted; the library has not certified it yet."),
        )
    return Standing(
        "returned",
        pgettext("of a filing", "Returned"),
        gettext("The filing was returned for correction; this submission was not certified."),
    )


def _of_a_certificate(filing: Filing) -> Standing:
    if filing.superseded_at is None:
        return Standing(
            "certified",
            pgettext("of a filing", "Stands"),
            gettext("This is the certified version that counts."),
        )
    later = (
        Filing.objects.filter(
            library=filing.library_id, period=filing.period_id, certified_at__gte=filing.superseded_at
        )
        .order_by("version")
        .first()
    )
    certificate = (
        later.receipts.filter(kind=ReceiptKind.CERTIFICATE.value).first() if later is not None else None
    )
    if later is None:
        sentence = gettext("It counted until a later version took its place. It stays on record.")
    elif certificate:
        sentence = gettext(
            "It counted until version %(number)d, certified later, took its place. It stays on record."
        ) % {"number": later.version}
    else:
        sentence = gettext(
            "It counted until version %(number)d, put on record by the State Library, took its place. "
            "It stays on record."
        ) % {"number": later.version}
    return Standing(
        "superseded",
        pgettext("of a filing", "Replaced"),
        sentence,
        filing.superseded_at,
        certificate,
    )


@dataclass(frozen=True)
class MonthTotal:
    """The units lent in one month, or in the whole period, as a receipt printed them; None: not counted."""

    label: str
    loans: int | None


def totals_of(receipt: FilingReceipt) -> list[MonthTotal]:
    """Return the totals of a receipt, the whole period last; empty where none were kept."""
    listed = [
        MonthTotal(month_of(date.fromisoformat(f"{month}-01")), loans)
        for month, loans in receipt.totals
        if month is not None
    ]
    if not receipt.totals:
        return []
    return [*listed, MonthTotal(gettext("Whole period"), sum(loans or 0 for _, loans in receipt.totals))]


def period_in_words(receipt: FilingReceipt) -> str:
    """Return the months that the filing of a receipt is for, in the language of the page."""
    return months(receipt.period.span.first_day, receipt.period.span.last_day)


def counts_as_signed(receipt: FilingReceipt) -> bytes | None:
    """Return the canonical JSON whose SHA-256 a receipt names; None where the counts have changed since."""
    filing = receipt.filing
    if filing is None or filing_fingerprint(filing.pk) != receipt.sha256:
        return None
    return canonical_json(filing_content(filing))
