"""A small payment run, calculated and certified, and a place for its documents."""

from datetime import datetime

import pytest

from connecticard.clock import EASTERN
from connecticard.models import Role
from payments import services
from payments.models import PastPayment
from tests.factories import make_home_library, make_letter, make_user
from tests.payments.records import FISCAL_YEAR, HALVES, appropriation, certified

AT = datetime(2027, 4, 15, 10, 0, tzinfo=EASTERN)


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "documents"


@pytest.fixture
def staff(db):
    return make_user(Role.STATE_STAFF)


@pytest.fixture
def libraries(db):
    """Three libraries in order: A lends B 30, B lends A 20, C lends nobody."""
    made = [make_home_library(f"Library {key}", key=key) for key in ("A", "B", "C")]
    for library in made:
        make_letter(library)
        PastPayment.objects.create(library=library, fiscal_year=FISCAL_YEAR - 2, cents=0, source="ledger")
    a, b, c = made
    for half in HALVES:
        certified(a, {b: 15}, first_day=half.first_day)
        certified(b, {a: 10}, first_day=half.first_day)
        certified(c, {}, first_day=half.first_day)
    return made


@pytest.fixture
def calculated_run(libraries, staff):
    run = services.create_run(appropriation=appropriation(), by=staff, at=AT)
    return services.calculate_run(run=run, by=staff, at=AT)


@pytest.fixture
def certified_run(calculated_run):
    return services.certify_run(run=calculated_run, by=make_user(Role.STATE_ADMINISTRATOR), at=AT)


@pytest.fixture
def published_run(certified_run):
    services.record_publication(run=certified_run, by=make_user(Role.STATE_ADMINISTRATOR), at=AT)
    return certified_run
