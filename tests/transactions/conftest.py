from datetime import date

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard.models import Role
from libraries.models import Library, Residency
from tests.factories import make_library, make_period, make_town, make_user
from transactions.models import FilingPeriod


@pytest.fixture
def libraries(db) -> dict[str, Library]:
    """Avon, Bethel and Canton, each in its town; Canton also serves Dunes, and Eastford has two libraries."""
    made = {}
    for key, name, town in [
        ("CT0001", "Avon Library", "Avon"),
        ("CT0002", "Bethel Library", "Bethel"),
        ("CT0003", "Canton Library", "Canton"),
    ]:
        made[key] = make_library(name, town=make_town(town), key=key)
    eastford = make_town("Eastford")
    made["CT0004"] = make_library("Eastford Library", town=eastford, key="CT0004")
    made["CT0005"] = make_library("Pequot Library", town=eastford, key="CT0005")
    for library in made.values():
        Residency.objects.create(
            town=library.town,
            library=library,
            principal=library.key != "CT0005",
            valid=DateRange(None, None),
        )
    Residency.objects.create(
        town=make_town("Dunes"), library=made["CT0003"], principal=True, valid=DateRange(None, None)
    )
    return made


@pytest.fixture
def avon(libraries) -> Library:
    return libraries["CT0001"]


@pytest.fixture
def bethel(libraries) -> Library:
    return libraries["CT0002"]


@pytest.fixture
def canton(libraries) -> Library:
    return libraries["CT0003"]


@pytest.fixture
def period(db) -> FilingPeriod:
    """The half year from March 2026."""
    return make_period()


@pytest.fixture
def staff(db):
    return make_user(Role.STATE_STAFF, email="staff@example.org", second_factor=False)


def months(first_day: date, number: int) -> list[date]:
    """Return the first days of so many months."""
    return [
        date(first_day.year + (first_day.month - 1 + plus) // 12, (first_day.month - 1 + plus) % 12 + 1, 1)
        for plus in range(number)
    ]
