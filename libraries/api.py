"""REST: who takes part."""

from typing import Any

from django.db.models import CharField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from rest_framework import serializers

from connecticard import clock
from connecticard.api_filters import DayFilter, NumberFilter, Parameters, TextFilter, YesNoFilter
from connecticard.api_paging import Paging
from connecticard.api_rendering import LastDayField, LinkField, Record
from connecticard.api_views import ListViewSet, ReadViewSet
from libraries.models import DeliveryCode, Library, Residency, Town
from libraries.models.library import LibraryQuerySet

# Records


class TownRecord(Record):
    """A town, known by its state number."""

    number = serializers.IntegerField()
    name = serializers.CharField()
    county = serializers.CharField()
    planning_region = serializers.CharField()
    geoid = serializers.CharField(help_text="Census GEOID, county based.")
    population = serializers.IntegerField(help_text="July 1, 2020, Department of Public Health.")
    url = LinkField("towns/{}/", "number")
    residencies_url = LinkField("residencies/?town={}", "number", help_text="Its home libraries.")

    example = {
        "number": 11,
        "name": "Bloomfield",
        "county": "Hartford",
        "planning_region": "Capitol",
        "geoid": "0900305910",
        "population": 21399,
        "url": "https://borrowit.example.org/api/v1/towns/11/",
        "residencies_url": "https://borrowit.example.org/api/v1/residencies/?town=11",
    }


class LibraryRecord(Record):
    """A library, known by its FSCS key or State Library key."""

    key = serializers.CharField()
    name = serializers.CharField(help_text="The name today.")
    town = serializers.IntegerField(source="town.number", help_text="State number of the town.")
    town_name = serializers.CharField(source="town.name")
    address = serializers.CharField()
    postal_city = serializers.CharField()
    zip_code = serializers.CharField()
    latitude = serializers.CharField(allow_null=True, help_text="Degrees, as text.")
    longitude = serializers.CharField(allow_null=True, help_text="Degrees, as text.")
    delivery_code = serializers.CharField(help_text="deliverIT code of today; empty where none is on record.")
    opened_on = serializers.DateField(
        source="open_during__startswith", allow_null=True, help_text="null where it is not known."
    )
    last_open_on = LastDayField("open_during", allow_null=True, help_text="null where it is open.")
    participates = serializers.BooleanField(help_text="A letter of agreement is on file today (1(d)).")
    url = LinkField("libraries/{}/", "key")
    town_url = LinkField("towns/{}/", "town__number")
    residencies_url = LinkField("residencies/?library={}", "key", help_text="The towns that it serves.")

    example = {
        "key": "CT0012",
        "name": "Bloomfield Public Library",
        "town": 11,
        "town_name": "Bloomfield",
        "address": "1 Tunxis Avenue",
        "postal_city": "Bloomfield",
        "zip_code": "06002",
        "latitude": "41.826500",
        "longitude": "-72.730100",
        "delivery_code": "",
        "opened_on": None,
        "last_open_on": None,
        "participates": True,
        "url": "https://borrowit.example.org/api/v1/libraries/CT0012/",
        "town_url": "https://borrowit.example.org/api/v1/towns/11/",
        "residencies_url": "https://borrowit.example.org/api/v1/residencies/?library=CT0012",
    }


class ResidencyRecord(Record):
    """Residents of a town have this library as a home library, from a day to a day."""

    town = serializers.IntegerField(source="town.number")
    town_name = serializers.CharField(source="town.name")
    library = serializers.CharField(source="library.key")
    library_name = serializers.CharField(source="library.name")
    principal = serializers.BooleanField(help_text="The principal public library of the town.")
    first_day = serializers.DateField(
        source="valid__startswith", allow_null=True, help_text="null: longer than records go back."
    )
    last_day = LastDayField("valid", allow_null=True, help_text="null: no end is known.")
    source = serializers.CharField(help_text="The document that says so.")
    town_url = LinkField("towns/{}/", "town__number")
    library_url = LinkField("libraries/{}/", "library__key")

    example = {
        "town": 11,
        "town_name": "Bloomfield",
        "library": "CT0012",
        "library_name": "Bloomfield Public Library",
        "principal": True,
        "first_day": None,
        "last_day": None,
        "source": "",
        "town_url": "https://borrowit.example.org/api/v1/towns/11/",
        "library_url": "https://borrowit.example.org/api/v1/libraries/CT0012/",
    }


# Parameters


def town_filter(column: str) -> NumberFilter:
    return NumberFilter(column, help_text="State number of a town.", least=1, greatest=999)


def library_filter(column: str, help_text: str = "Key of a library.") -> TextFilter:
    return TextFilter(column, help_text=help_text)


class TownParameters(Parameters):
    county = TextFilter("county", "iexact", help_text="Name of a county.")
    planning_region = TextFilter("planning_region", "iexact", help_text="Name of a planning region.")


class LibraryParameters(Parameters):
    town = town_filter("town__number")
    participates = YesNoFilter("participates", help_text="Whether a letter of agreement is on file today.")
    search = TextFilter(
        method="matching", help_text="Words of a name, now or formerly, a town or an address."
    )

    def matching(self, queryset: LibraryQuerySet, name: str, value: str) -> LibraryQuerySet:
        return queryset.matching(value)


class ResidencyParameters(Parameters):
    town = town_filter("town__number")
    library = library_filter("library__key")
    principal = YesNoFilter("principal", help_text="The principal public library, or the others.")
    on = DayFilter("valid", "contains", help_text="Rows that hold on this day.")


# Routes


class TownViewSet(ReadViewSet):
    """The 169 towns of Connecticut, by state number."""

    resource = "towns"
    serializer_class = TownRecord
    filterset_class = TownParameters
    paging = Paging({"number": int})
    lookup_url_kwarg, key_example = "number", "11"

    def get_queryset(self) -> QuerySet[Any]:
        return Town.objects.all()

    def named(self, key: str) -> Any:
        return super().named(key) if key.isascii() and key.isdecimal() and len(key) <= 4 else None


class LibraryViewSet(ReadViewSet):
    """The public libraries of Connecticut, by key, those that have closed included."""

    resource = "libraries"
    serializer_class = LibraryRecord
    filterset_class = LibraryParameters
    paging = Paging({"key": str})
    lookup_url_kwarg, key_example = "key", "CT0012"

    def get_queryset(self) -> QuerySet[Any]:
        today = clock.today()
        codes = DeliveryCode.objects.in_force(today).filter(site__library=OuterRef("pk"))
        return Library.objects.with_participation(today).annotate(
            delivery_code=Coalesce(Subquery(codes.values("code")[:1]), Value(""), output_field=CharField())
        )


class ResidencyViewSet(ListViewSet):
    """Which library is the home library of whose residents, on which days (1(c)), by town."""

    resource = "residencies"
    serializer_class = ResidencyRecord
    filterset_class = ResidencyParameters
    paging = Paging({"town__number": int, "library__key": str, "pk": int})

    def get_queryset(self) -> QuerySet[Any]:
        return Residency.objects.all()


ROUTES = [
    ("towns", TownViewSet),
    ("libraries", LibraryViewSet),
    ("residencies", ResidencyViewSet),
]
