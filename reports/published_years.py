"""What is on offer of each fiscal year: its editions, and what stands beside them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from payments.models import PaymentRun
from reports.models import Document, DocumentKind, Edition, in_order


@dataclass(frozen=True)
class EditionOnOffer:
    """An edition with its three reports, in the order of the law."""

    edition: Edition
    reports: list[Document]


@dataclass(frozen=True)
class RunOnOffer:
    """A payment run with the list and correction statements made of it, and how many statements."""

    run: PaymentRun
    documents: list[Document]
    statements: int


@dataclass
class YearOnOffer:
    """What somebody may see of a fiscal year, editions and runs the newest first."""

    fiscal_year: int
    editions: list[EditionOnOffer] = field(default_factory=list)
    runs: list[RunOnOffer] = field(default_factory=list)

    @property
    def newest(self) -> EditionOnOffer | None:
        """The newest edition that is public; None where there is none yet."""
        return next((one for one in self.editions if one.edition.published_at), None)

    @property
    def measured_run(self) -> PaymentRun:
        """A run of the year, for its days."""
        return self.runs[0].run if self.runs else self.editions[0].edition.run


def years_for(user: Any, fiscal_year: int | None = None) -> list[YearOnOffer]:
    """Return what a person may see of each fiscal year, or of one, the newest year first."""
    of_the_year = {} if fiscal_year is None else {"fiscal_year": fiscal_year}
    years: dict[int, YearOnOffer] = {}
    editions = Edition.objects.visible_to(user).filter(**of_the_year)
    for edition in editions.select_related("run__publication", "box"):
        year = years.setdefault(edition.fiscal_year, YearOnOffer(edition.fiscal_year))
        year.editions.append(EditionOnOffer(edition, []))
    by_id = {one.edition.pk: one for year in years.values() for one in year.editions}
    reports = Document.objects.filter(in_edition__edition__in=by_id).with_edition()
    for report in in_order(reports):
        assert report.edition is not None, "a report of an edition has one"
        by_id[report.edition.pk].reports.append(report)
    for run, documents, statements in _beside(user, of_the_year):
        year = years.setdefault(run.fiscal_year, YearOnOffer(run.fiscal_year))
        year.runs.append(RunOnOffer(run, documents, statements))
    for year in years.values():
        year.runs.sort(key=lambda one: -one.run.number)
    return sorted(years.values(), key=lambda year: -year.fiscal_year)


def _beside(user: Any, of_the_year: dict[str, int]) -> Iterable[tuple[PaymentRun, list[Document], int]]:
    """Return the runs with documents that stand beside the editions, or are previews of reports."""
    documents = Document.objects.visible_to(user).filter(in_edition__isnull=True)
    documents = documents.filter(**{f"run__{name}": value for name, value in of_the_year.items()})
    found: dict[PaymentRun, list[Document]] = defaultdict(list)
    statements: dict[int, int] = defaultdict(int)
    for document in in_order(documents.exclude(kind=DocumentKind.PAYMENT_STATEMENT).newest().with_edition()):
        found[document.run].append(document)
    of_libraries = documents.filter(kind=DocumentKind.PAYMENT_STATEMENT).order_by()
    for run, _ in of_libraries.values_list("run", "library").distinct():
        statements[run] += 1
    return [(run, made, statements[run.pk]) for run, made in found.items()]
