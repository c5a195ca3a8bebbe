"""What the payments of a year say of each library, and which libraries or consortia are alike in size."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from libraries.models import Library, LibraryName, Residency
from payments.models import PaymentRun
from payments.past_years.history import weakest
from reports.contents.assessment import MemberLine, PeerLine
from transactions.models import Provenance, reports_loans

PEERS = 10
LIBRARY_PEERS = (
    f"Peers are the {PEERS} libraries nearest in residents of the towns served (July 1, 2020), by ratio, "
    "among those with a line in the payments of the year that serve at least half and at most twice as many. "
    "Where a town has several libraries, each is taken to serve the whole town."
)
CONSORTIUM_PEERS = (
    "Peers are the other consortia on record on the last day of the twelve months. Residents are those of "
    "the towns that their members serve (July 1, 2020), each town once."
)


@dataclass(frozen=True)
class Line:
    """What the payments of a year say of a library; `lent` is None where it reported no count."""

    lent: int | None
    borrowed: int
    payment_cents: int
    withheld_cents: int
    kind: Provenance


def lines_of(run: PaymentRun) -> dict[int, Line]:
    """Return the lines of the run's payments, by library id."""
    counted = run.counted_filings.filter(reports_loans("filing"))
    kinds: dict[int, set[str]] = defaultdict(set)
    for library_id, kind in counted.values_list("filing__library", "filing__provenance"):
        kinds[library_id].add(kind)
    rows = run.payments.values_list("library", "loans", "borrows", "payment_cents", "withheld_cents")
    return {
        pk: Line(
            loans if pk in kinds else None,
            borrows,
            cents,
            withheld,
            weakest(kinds[pk]) if pk in kinds else Provenance.FILED,
        )
        for pk, loans, borrows, cents, withheld in rows
    }


def kind_of(kinds: Iterable[Provenance]) -> Provenance:
    found = set(kinds)
    return weakest(found) if found else Provenance.FILED


def residents_served(run: PaymentRun) -> dict[int, dict[int, int]]:
    """Return, by library id, the residents of each town that it serves, by number of the town."""
    found: dict[int, dict[int, int]] = defaultdict(dict)
    rows = Residency.objects.in_force(run.measured.last_day)
    for library_id, number, residents in rows.values_list("library", "town__number", "town__population"):
        found[library_id][number] = residents
    return found


def residents_of(towns: Iterable[Mapping[int, int]]) -> int:
    """Return the residents of towns, each counted once."""
    return sum({number: residents for of_one in towns for number, residents in of_one.items()}.values())


def library_peers(
    own: PeerLine,
    library: Library,
    run: PaymentRun,
    lines: Mapping[int, Line],
    served: Mapping[int, Mapping[int, int]],
) -> tuple[PeerLine, ...]:
    """Return a library among the libraries that serve about as many residents, the most first."""
    names = LibraryName.objects.borne_on(run.measured.last_day)
    found = []
    for other in Library.objects.filter(pk__in=lines).exclude(pk=library.pk):
        line, residents = lines[other.pk], residents_of([served.get(other.pk, {})])
        if own.residents <= 2 * residents and residents <= 2 * own.residents and residents:
            name = names.get(other.pk, other.name)
            found.append(PeerLine(name, residents, line.lent, line.payment_cents, line.kind))
    found.sort(key=lambda peer: (_ratio(peer.residents, own.residents), peer.name))
    return tuple(
        sorted([own, *found[:PEERS]], key=lambda peer: (-peer.residents, not peer.is_own, peer.name))
    )


def _ratio(one: int, other: int) -> tuple[int, int]:
    """Return what orders pairs of numbers by how near they are to each other in proportion."""
    return _PARTS * max(one, other) // min(one, other), max(one, other)


_PARTS = 10**9


def consortium_line(
    name: str,
    members: list[Library],
    lines: Mapping[int, Line],
    served: Mapping[int, Mapping[int, int]],
    *,
    is_own: bool,
) -> PeerLine:
    found = [lines[library.pk] for library in members if library.pk in lines]
    known = [line for line in found if line.lent is not None]
    return PeerLine(
        name,
        residents_of(served.get(library.pk, {}) for library in members),
        sum(line.lent or 0 for line in known) if known else None,
        sum(line.payment_cents for line in found) if found else None,
        kind_of(line.kind for line in known),
        is_own=is_own,
    )


def member_lines(libraries: list[Library], lines: Mapping[int, Line]) -> tuple[MemberLine, ...]:
    """Return the members, the most loans first, those whose loans are not known last."""
    found = [
        MemberLine(
            library.name,
            library.town.name,
            lines[library.pk].lent,
            lines[library.pk].borrowed,
            lines[library.pk].payment_cents,
            lines[library.pk].kind,
        )
        if library.pk in lines
        else MemberLine(library.name, library.town.name, None, None, None, Provenance.FILED)
        for library in libraries
    ]
    return tuple(sorted(found, key=lambda line: (line.lent is None, -(line.lent or 0), line.name)))
