"""What every write about a filing does first: find it, hold it, and see that it is as it was read."""

from typing import cast

from django.core.exceptions import PermissionDenied
from django.http import Http404

from connecticard.api_problems import Refused
from connecticard.api_rendering import API_ROOT, rows
from connecticard.api_views import etag_of
from connecticard.api_writing import (
    Answer,
    WritingView,
    changed_meanwhile,
    conflict,
    refuse_changed,
)
from connecticard.models import User
from connecticard.permissions import Action
from transactions import services
from transactions.api.counts_sent import CountsSent
from transactions.api.filters import filing_named
from transactions.api.reading import filing_row, visible_filings
from transactions.api.records import ReceiptRecord
from transactions.models import Filing, FilingReceipt
from transactions.rules.receipt_numbers import ReceiptKind
from transactions.services import CountsRefused, FilingChanged, FilingRefused

NOT_NOW = "The filing, as it stands, does not permit this."


class WritingFilings(WritingView):
    """Mixed into routes that write about filings."""

    def refusal_of(self, error: Exception) -> Refused | None:
        match error:
            case FilingChanged():
                return changed_meanwhile()
            case CountsRefused():
                return Refused(CountsSent().as_mistakes(error.problems), 422)
            case FilingRefused():
                return conflict(str(error))
        return None

    @property
    def person(self) -> User:
        """Who writes."""
        return cast(User, self.request.user)

    def hold(self, key: str, action: Action) -> Filing:
        """Return the filing that a key names and let nobody else change it until the transaction ends.

        Http404 where the person does not see it, PermissionDenied where they may not do this, Refused where
        it is not as they have read it.
        """
        condition = filing_named(key)
        if condition is None:
            raise Http404(f"There is no filing {key!r} that you may see.")
        filing: Filing | None = visible_filings(self.person, action).filter(condition).first()
        if filing is None:
            seen = visible_filings(self.person).filter(condition).select_related("library").first()
            if seen is None:
                raise Http404(f"There is no filing {key!r} that you may see.")
            raise PermissionDenied(f"You may not {action.value} for {seen.library}.")
        try:
            filing = services.hold_filing(filing)
        except Filing.DoesNotExist:  # undone meanwhile
            raise Http404(f"There is no filing {key!r} any more.") from None
        refuse_changed(self.request, filing_row(self.request, filing.pk))
        return filing

    def shown(self, filing: Filing, *, is_new: bool = False) -> Answer:
        """Return a filing as it stands now as the answer."""
        row = filing_row(self.request, filing.pk)
        return Answer(row, etag_of(row), row["url"] if is_new else "")

    def given(self, filing: Filing, kind: ReceiptKind) -> Answer:
        """Return the receipt that was given last as the answer, under the ETag of the filing."""
        latest = FilingReceipt.objects.filter(filing=filing, kind=kind.value).latest("sequence")
        record = ReceiptRecord(context={"root": self.request.build_absolute_uri(API_ROOT)})
        row = rows(FilingReceipt.objects.filter(pk=latest.pk), record)[0][0]
        return Answer(row, etag_of(filing_row(self.request, filing.pk)), row["url"])
