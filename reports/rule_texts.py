"""What reports and the rulebook's page say in both languages, and hold as they are."""

from collections.abc import Iterator

from libraries.models import SiteKind
from payments.rules.eligibility import Code, State
from payments.rules.rulebook import chapters
from reports.contents.delivery import CameIn
from reports.models import DocumentKind
from reports.rulebook import title_of, words_to_translate
from reports.rules.edition_status import EditionStatus
from reports.sister_formulas import sister_formulas
from reports.worked_examples import worked_examples
from transactions.rules.delivery_volume import NoEstimate
from transactions.rules.filing_calendar import Cadence

_TABLES_OF_DELIVERY = (
    "Volume at each library",
    "Who reported, by quarter",
    "Volume by month",
    "Volume by route",
    "Volume by kind of library",
    "What each library counted in each month",
    "Rulebook entries applied",
)


def texts() -> Iterator[str]:
    """Yield the rulebook's chapters, its values that are words, and names of documents and states."""
    for chapter in chapters():
        yield title_of(chapter)
        yield chapter.sentence
        for entry in chapter.entries:
            yield from words_to_translate(entry.value)
    yield from (kind.label for kind in DocumentKind)
    yield from (status.value for status in EditionStatus)
    yield from (code.value.replace("_", " ") for code in Code)
    yield from (cadence.label for cadence in Cadence)
    yield from ("preview", "void")
    for example in worked_examples():
        yield example.title
        yield from (loan.because.replace("_", " ") for loan in getattr(example, "refused", ()))
    yield from (state.value for state in State)
    for formula in sister_formulas():
        yield formula.title
        yield from formula.columns
    yield from (state.value for state in CameIn)
    yield from (why.value for why in NoEstimate)
    yield from (kind.label for kind in SiteKind)
    yield from _TABLES_OF_DELIVERY
