"""What no browser sends of itself: letters out of place, days without a morrow, numbers without end."""

import pytest

from connecticard.models import Role
from tests.factories import make_filing, make_home_library, make_letter, make_signed_in_client, make_user

pytestmark = pytest.mark.django_db
LAST_OF_ALL = "9999-12-31"


@pytest.fixture
def staff():
    return make_signed_in_client(Role.STATE_ADMINISTRATOR)


@pytest.mark.parametrize(
    "address",
    [
        "/libraries/%00/",
        "/libraries/%00/documents/",
        "/libraries/%00/home/",
        "/libraries/%00/expenditure-reports/2026/",
        "/filings/of/%00/",
        "/libraries/..%2F..%2Fetc/",
        "/towns/99999999999999999999999/",
        "/documents/99999999999999999999999.pdf",
    ],
)
def test_an_address_that_names_nothing_is_not_found(staff, address):
    assert staff.get(address).status_code == 404


@pytest.mark.parametrize("length", [255, 256, 320, 100_000])
def test_an_address_to_sign_in_with_may_be_of_any_length(client, length):
    typed = "a" * (length - len("@example.org")) + "@example.org"

    assert client.post("/account/login/", {"login": typed, "password": "x"}).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        f"/audit/?until={LAST_OF_ALL}",
        "/audit/?since=0001-01-01",
        f"/rulebook/?on={LAST_OF_ALL}",
        "/holidays/?year=0000",
        "/holidays/?year=٢٠٢٦",
        "/people/?page=99999999999999999999",
        "/libraries/?q=%00&town=%00",
    ],
)
def test_a_question_that_cannot_be_answered_is_left_out(staff, address):
    assert staff.get(address).status_code == 200


def test_a_day_that_has_no_morrow_is_refused_beside_its_field(staff):
    role = make_user(Role.STATE_STAFF).role_assignments.get()
    letter = make_letter(make_home_library())
    invitation = {"email": "a@example.org", "role": Role.AUDITOR, "first_day": "2026-01-01"}

    answers = [
        staff.post(f"/people/roles/{role.pk}/end/", {"reason": "left", "last_day": LAST_OF_ALL}),
        staff.post("/people/invite/", invitation | {"last_day": LAST_OF_ALL}),
        staff.post(f"/letters/{letter.pk}/withdraw/", {"withdrawn_on": LAST_OF_ALL, "reason": "left"}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert all("in the years 1800 to 2199" in answer.content.decode() for answer in answers)


def test_an_invitation_to_an_address_too_long_to_keep(staff):
    wanted = {"email": "a" * 60 + "@" + "b." * 100 + "org", "role": Role.AUDITOR, "first_day": "2026-01-01"}

    assert staff.post("/people/invite/", wanted).status_code == 200


def test_a_revision_that_is_no_number_of_ours():
    filing = make_filing(make_home_library())
    filer = make_signed_in_client(Role.LIBRARY_FILER, filing.library)

    answer = filer.post(f"/filings/{filing.pk}/basis/", {"revision": "9" * 5000})

    assert answer.status_code == 302
