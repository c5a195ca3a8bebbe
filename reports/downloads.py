"""Everything published that can be taken away: the files of each fiscal year, and what describes them."""

from collections.abc import Sequence
from dataclasses import dataclass

from payments.models import PaymentRun
from reports.models import ANNUAL, Document, Edition, in_order


@dataclass(frozen=True)
class YearOfFiles:
    """The files of a published fiscal year: its standing run, documents, and editions newest first."""

    fiscal_year: int
    run: PaymentRun
    documents: Sequence[Document]
    editions: Sequence[tuple[Edition, Sequence[Document]]]
    """Each with its reports."""


def years_of_files() -> list[YearOfFiles]:
    """Return what may be taken away by fiscal year, newest first."""
    documents: dict[int, list[Document]] = {}
    newest = Document.objects.published().filter(library__isnull=True).exclude(kind__in=ANNUAL).newest()
    for document in newest.select_related("run__publication"):
        documents.setdefault(document.run_id, []).append(document)
    editions: dict[int, list[tuple[Edition, Sequence[Document]]]] = {}
    for edition in Edition.objects.published().select_related("run").prefetch_related("documents"):
        editions.setdefault(edition.fiscal_year, []).append((edition, in_order(edition.documents.all())))
    return [
        YearOfFiles(
            run.fiscal_year,
            run,
            in_order(documents.get(run.pk, [])),
            editions.get(run.fiscal_year, []),
        )
        for run in PaymentRun.objects.published().select_related("publication").order_by("-fiscal_year")
    ]
