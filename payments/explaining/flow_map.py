"""Who borrowed from a library and where its cards went, by town: the rows of a table and two maps of them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext

from connecticard.templatetags.figures import count
from libraries.models import Library, Town
from libraries.town_map import TownMap, outlines, town_map
from payments.explaining.flows import Partner, Partners
from payments.models import Payment, PaymentRun


@dataclass(frozen=True)
class TownUse:
    """Units lent on cards of a town's libraries, and by them on one's own cards; None is not counted."""

    number: int
    town: str
    lent: int | None
    borrowed: int | None


@dataclass(frozen=True)
class UseByTown:
    """Loans between a library and each town: towns without any are left out of `rows`, not of the maps."""

    rows: tuple[TownUse, ...]
    lent: TownMap
    borrowed: TownMap


def use_by_town(payment: Payment, partners: Partners) -> UseByTown:
    """Return the loans of a payment's twelve months by town.

    Residents of a town without a library borrow on cards of another town's, and are counted there. Loans to
    the towns that a library serves are not reported (1(f)). Both have no value of their own on the map.
    """
    run, library = payment.run, payment.library
    served = set(library.towns_served(run.measured.last_day).values_list("number", flat=True))
    served.add(library.town.number)
    lent = _by_town(towns_with_a_library(run) - served, partners.lent)
    borrowed = _by_town(_towns_that_lend(run) - served, partners.borrowed)
    names = dict(Town.objects.values_list("number", "name"))
    return UseByTown(
        rows=tuple(
            TownUse(number, names[number], lent.get(number), borrowed.get(number))
            for number in sorted({*lent, *borrowed}, key=lambda number: names[number])
            if lent.get(number) or borrowed.get(number)
        ),
        lent=_map(lent, library, "lent", gettext("Who borrowed from %(name)s") % {"name": library.name}),
        borrowed=_map(
            borrowed,
            library,
            "borrowed",
            gettext("Where cards of %(name)s were used") % {"name": library.name},
        ),
    )


def towns_with_a_library(run: PaymentRun) -> set[int]:
    """Return the numbers of the towns in which a library was open in the twelve months of a run."""
    open_then = Library.objects.open_between(run.measured.first_day, run.measured.last_day)
    return set(open_then.values_list("town__number", flat=True))


def _towns_that_lend(run: PaymentRun) -> set[int]:
    return set(run.payments.values_list("library__town__number", flat=True))


def _by_town(towns: Iterable[int], partners: Iterable[Partner]) -> dict[int, int | None]:
    """Return the units by town number; None where nothing but "not counted" is known of a town."""
    known: dict[int, list[int | None]] = defaultdict(list)
    for partner in partners:
        known[partner.town_number].append(partner.loans)
    return {
        town: None if town in known and set(known[town]) == {None} else sum(n or 0 for n in known[town])
        for town in {*towns, *known}
    }


def _map(values: dict[int, int | None], library: Library, key: str, title: str) -> TownMap:
    drawn = {outline.number for outline in outlines()}
    return town_map(
        {number: value for number, value in values.items() if number in drawn},
        key=key,
        title=title,
        words=count,
        zero_words=gettext("no loan"),
        no_data_words=gettext("not counted: no other library there"),
        url=lambda number: reverse("reports:town_page", args=[number]),
        marked=library.town.number if library.town.number in drawn else None,
        mark_words=gettext("%(town)s, where it stands") % {"town": library.town.name},
        draws_outlines=key == "lent",
    )
