"""What the annual reports share: the libraries of a span of days, and the law applied."""

from connecticard.rulebook import Entry
from libraries.models import Library, LibraryName
from payments.models import PaymentRun, RulebookEdition
from payments.rules.rulebook import entries_of, whole_rulebook
from reports.contents import AppliedRule
from reports.rulebook import in_words
from transactions.rules.filing_calendar import Span


def open_libraries(span: Span) -> list[Library]:
    """Return every public library of the state open in a span, under the name of its last day, by name."""
    libraries = list(Library.objects.open_between(span.first_day, span.last_day).select_related("town"))
    former = LibraryName.objects.borne_on(span.last_day)
    for library in libraries:
        library.name = former.get(library.pk, library.name)
    return sorted(libraries, key=lambda library: (library.name, library.key))


def applied_rules(run: PaymentRun, *keys: str) -> tuple[AppliedRule, ...]:
    """Return the entries applied in a run whose key is one of these, or begins with one that ends in a dot.

    They come from the edition that was kept with the run, or from the rulebook where none was kept yet. Their
    sentences are today's, where today's rulebook still has the entry.
    """
    kept = RulebookEdition.objects.filter(pk=run.rulebook_edition).values_list("entries", flat=True).first()
    entries = entries_of(run.fiscal_year) if kept is None else tuple(map(Entry.from_canonical, kept))
    sentences = {_identity(entry): entry.sentence for entry in whole_rulebook()}
    return tuple(
        AppliedRule(
            key=entry.key,
            value=in_words(entry.value),
            citation=entry.citation,
            label=entry.label.value,
            sentence=sentences.get(_identity(entry), ""),
        )
        for entry in entries
        if any(entry.key == key or (key[-1] == "." and entry.key.startswith(key)) for key in keys)
    )


def _identity(entry: Entry) -> tuple[object, ...]:
    return tuple(entry.canonical().values())
