"""The receipt of a filing as a document: gathered from what the receipt keeps, which never changes."""

from django.conf import settings

from connecticard.clock import EASTERN
from reports.contents import MadeFrom
from reports.contents.filing_receipt import FilingReceiptPaper, MonthOfLoans
from transactions.models import FilingReceipt
from transactions.receipts import period_in_words, totals_of
from transactions.rules.form_editions import edition_named


def receipt_paper(receipt: FilingReceipt) -> FilingReceiptPaper:
    """Return what the PDF of a receipt says."""
    return FilingReceiptPaper(
        number=receipt.number,
        is_certificate=receipt.is_certificate,
        library_key=receipt.library.key,
        library_name=receipt.library_name,
        period=period_in_words(receipt),
        version=receipt.version,
        signer=receipt.signer_name,
        role=receipt.role,
        signed_at=receipt.issued_at,
        statement=receipt.statement,
        sha256=receipt.sha256,
        form_edition=receipt.form_edition,
        totals=tuple(MonthOfLoans(total.label, total.loans) for total in totals_of(receipt)),
        check_at=settings.SITE_URL + receipt.get_absolute_url(),
        made_from=MadeFrom(
            source=f"receipt {receipt.number}",
            rulebook_edition=edition_named(receipt.form_edition).sha256,
            data_sha256=receipt.sha256,
            dated=receipt.issued_at.astimezone(EASTERN).date(),
        ),
    )
