"""Net plus read for each town in place of each library: a what-if, never a payment."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from payments.rules.cents import apportion
from payments.rules.net_plus import LibraryActivity, net_plus


@dataclass(frozen=True)
class NetPlusByTown:
    """The net-plus pool divided between towns. Units and cents by name of the town, cents by library key."""

    net_plus: Mapping[str, int]
    town_cents: Mapping[str, int]
    library_cents: Mapping[str, int]


def net_plus_by_town(
    pool_cents: int, sharing: Collection[LibraryActivity], towns: Mapping[str, str]
) -> NetPlusByTown:
    """Return the net-plus pool divided between towns by what the libraries of each lent beyond it.

    A town's net plus is what its libraries lent, less what was lent on their cards, at least 0: what one of
    them lent beyond its borrowing is set against what another borrowed. `towns` names the town of each
    library, by key. No rule says how a town's share would go to its libraries: here in proportion to the net
    plus that each has of its own, and a town that has any net plus has a library that does. Rounded to cents
    by largest remainder between towns and inside each, so that nothing is lost.

    Source: C.G.S. § 11-31a(c); compare Regs. Conn. State Agencies § 11-31c-4(c).
    """
    of_town: dict[str, list[LibraryActivity]] = defaultdict(list)
    for library in sharing:
        of_town[towns[library.key]].append(library)
    weights = {
        town: net_plus(
            sum(library.loans for library in libraries), sum(library.borrows for library in libraries)
        )
        for town, libraries in of_town.items()
    }
    town_cents = apportion(pool_cents, weights)
    library_cents: dict[str, int] = {}
    for town, libraries in of_town.items():
        library_cents |= apportion(
            town_cents[town],
            {library.key: net_plus(library.loans, library.borrows) for library in libraries},
        )
    return NetPlusByTown(weights, town_cents, library_cents)
