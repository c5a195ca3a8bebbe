"""The annual list of participating libraries. Source: Regs. Conn. State Agencies § 11-31c-3(b)."""

from collections import defaultdict
from datetime import date

from connecticard.canonical_json import sha256_of
from libraries.models import LetterOfAgreement, Residency, Town
from payments.models import PaymentRun
from reports.contents import (
    LibraryWithoutLetter,
    MadeFrom,
    ParticipatingLibraries,
    ParticipatingLibrary,
    TownServed,
)
from reports.statistics.shared import applied_rules, open_libraries
from transactions.rules._wording import written_day
from transactions.rules.filing_calendar import Span

_RULES = (
    "eligibility.letter_required",
    "cards_of_a_library_without_letter_reportable",
    "cards_of_a_closed_library_are_its_successors",
    "net_plus.lender_must_participate_that_day",
)


def participating_libraries(run: PaymentRun, on: date) -> ParticipatingLibraries:
    """Return the libraries with a letter of agreement on file on a day (3(b), 1(d))."""
    letters = dict(LetterOfAgreement.objects.filter(valid__contains=on).values_list("library_id", "valid"))
    served: dict[int, list[str]] = defaultdict(list)
    libraries = open_libraries(Span(on, on))
    names = {library.pk: library.name for library in libraries}
    towns = []
    for residency in Residency.objects.in_force(on).filter(principal=True).select_related("town", "library"):
        if residency.town_id != residency.library.town_id:
            served[residency.library_id].append(residency.town.name)
        towns.append(
            TownServed(
                number=residency.town.number,
                name=residency.town.name,
                library_key=residency.library.key,
                library_name=names.get(residency.library_id, residency.library.name),
                participating=residency.library_id in letters,
            )
        )
    towns.sort(key=lambda town: town.name)
    lines = tuple(
        ParticipatingLibrary(
            library_key=library.key,
            library_name=library.name,
            town=library.town.name,
            also_serves=tuple(sorted(served[library.pk])),
            since=letters[library.pk].lower,
        )
        for library in sorted(libraries, key=lambda library: (library.town.name, library.name))
        if library.pk in letters
    )
    others = tuple(
        LibraryWithoutLetter(library.key, library.name, library.town.name)
        for library in libraries
        if library.pk not in letters
    )
    return ParticipatingLibraries(
        on=on,
        lines=lines,
        libraries=len(lines),
        towns=sum(town.participating for town in towns),
        towns_of_the_state=Town.objects.count(),
        not_participating=others,
        served=tuple(towns),
        rules=applied_rules(run, *_RULES),
        made_from=MadeFrom(
            source=f"letters of agreement on file on {written_day(on)}",
            rulebook_edition=run.rulebook_edition,
            data_sha256=sha256_of(
                {
                    "on": on.isoformat(),
                    "lines": [
                        [
                            line.library_key,
                            line.library_name,
                            line.town,
                            line.since.isoformat() if line.since else None,
                            *line.also_serves,
                        ]
                        for line in lines
                    ],
                    "not_participating": [[one.library_key, one.library_name, one.town] for one in others],
                    "towns": [[town.number, town.library_key, town.participating] for town in towns],
                }
            ),
            dated=on,
        ),
    )
