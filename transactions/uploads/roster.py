"""The home libraries as labels are matched to them, read from the roster for one filing."""

from collections.abc import Mapping

from django.db.backends.postgresql.psycopg_any import DateRange

from libraries.models import Library, LibraryName, Residency
from transactions.models import Filing
from transactions.uploads.labels import KnownLibrary, LabelMatcher


def matcher_of(filing: Filing) -> LabelMatcher:
    """Return what reads labels for a filing, by the residency of its days and what was said before."""
    remembered = filing.library.label_mappings.values_list("normal_label", "home_library_id")
    return matcher_on(filing.covers, dict(remembered))


def matcher_on(days: DateRange, remembered: Mapping[str, int | None]) -> LabelMatcher:
    """Return what reads labels by the residency of some days and what was said of labels."""
    former: dict[int, list[str]] = {}
    for library_id, name in LibraryName.objects.values_list("library_id", "name"):
        former.setdefault(library_id, []).append(name)
    libraries = [
        KnownLibrary(pk, key, name, town, tuple(former.get(pk, ())))
        for pk, key, name, town in Library.objects.values_list("pk", "key", "name", "town__name")
    ]
    towns: dict[str, list[int]] = {}
    rows = (
        Residency.objects.filter(valid__overlap=days)
        .order_by("town__name", "-principal", "library__name")
        .values_list("town__name", "library_id")
    )
    for town, library_id in rows:
        homes = towns.setdefault(town, [])
        if library_id not in homes:
            homes.append(library_id)
    return LabelMatcher(libraries, towns, remembered)
