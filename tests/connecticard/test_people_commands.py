import json
import stat
from io import StringIO

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import CommandError

from connecticard import clock, demo_people, permissions
from connecticard.checks import no_demo_people_in_production
from connecticard.demo_people import DemoPerson
from connecticard.models import AuditEvent, Role, RoleAssignment, User
from connecticard.permissions import Action
from tests.factories import make_consortium, make_library, make_user

pytestmark = pytest.mark.django_db


def run(*words, **options):
    out = StringIO()
    call_command(*words, stdout=out, **options)
    return out.getvalue()


def test_create_administrator_prints_a_link_that_works_once(client):
    link = run("create_administrator", "first@example.org").splitlines()[-1]
    answer = {"name": "First", "password": "plenty of words", "password_again": "plenty of words"}

    client.post(link, answer)

    user = User.objects.get(email="first@example.org")
    assert permissions.may(user, Action.MANAGE_STATE_PEOPLE)
    assert client.post(link, answer).status_code == 410


def test_create_administrator_again_replaces_the_link(client):
    first = run("create_administrator", "first@example.org").splitlines()[-1]
    second = run("create_administrator", "other@example.org").splitlines()[-1]

    assert client.get(first).status_code == 410
    assert client.get(second).status_code == 200


def test_create_administrator_where_there_is_one():
    make_user(Role.STATE_ADMINISTRATOR)

    with pytest.raises(CommandError, match="already"):
        run("create_administrator", "second@example.org")


def test_ensure_user_makes_a_person_and_says_so(client):
    library = make_library(key="CT0042")

    said = run(
        "ensure_user", "New@example.org", "--role", "filer", "--library", "CT0042", "--name", "New One"
    )

    user = User.objects.get(email="new@example.org")
    assert user.name == "New One"
    assert not user.has_usable_password()
    assert permissions.may(user, Action.ENTER_COUNTS, library)
    assert "is added" in said
    assert "now holds" in said
    link = said.splitlines()[-1]
    client.post(link, {"name": "New One", "password": "plenty of words", "password_again": "plenty of words"})
    user.refresh_from_db()
    assert user.check_password("plenty of words")
    assert RoleAssignment.objects.filter(user=user).count() == 1


def test_ensure_user_again_changes_nothing():
    user = make_user(Role.STATE_STAFF)
    events = AuditEvent.objects.count()

    said = run("ensure_user", user.email, "--role", "staff")

    assert "already" in said
    assert RoleAssignment.objects.filter(user=user).count() == 1
    assert AuditEvent.objects.count() == events


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("staff", Role.STATE_STAFF),
        ("administrator", Role.STATE_ADMINISTRATOR),
        ("auditor", Role.AUDITOR),
        ("state-library-staff", Role.STATE_STAFF),
        ("state_library_administrator", Role.STATE_ADMINISTRATOR),
    ],
)
def test_ensure_user_knows_a_role_by_its_names(text, role):
    run("ensure_user", "a@example.org", "--role", text)

    assert RoleAssignment.objects.get().role == role


def test_ensure_user_for_a_consortium():
    consortium = make_consortium("Bibliomation")

    run("ensure_user", "a@example.org", "--role", "consortium-filer", "--consortium", "Bibliomation")

    assert RoleAssignment.objects.get().consortium == consortium


@pytest.mark.parametrize(
    "words",
    [
        ("--role", "king"),
        ("--role", "filer"),
        ("--role", "filer", "--library", "CT9999"),
        ("--role", "staff", "--library", "CT9999"),
        ("--role", "consortium-filer"),
        ("--role", "consortium-filer", "--consortium", "Nobody"),
    ],
)
def test_ensure_user_used_wrongly(words):
    with pytest.raises(CommandError) as problem:
        run("ensure_user", "a@example.org", *words)

    assert problem.value.returncode == 2
    assert "\n" not in str(problem.value)
    assert not User.objects.exists()


# People of the demonstration


@pytest.fixture
def demonstration(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    return [
        DemoPerson("staff@demo.example.org", "Sam Staff", Role.STATE_STAFF),
        DemoPerson("auditor@demo.example.org", "Ada Auditor", Role.AUDITOR),
    ]


def test_demo_people_keep_their_sign_in(demonstration, settings):
    first = demo_people.ensure_demo_people(demonstration)

    assert demo_people.ensure_demo_people(demonstration) == first
    path = settings.VAR_DIR / "demo_people.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(json.loads(path.read_text())) == {person.email for person in demonstration}
    user = User.objects.get(email="staff@demo.example.org")
    assert user.check_password(first[0].password)
    assert permissions.assignments(user, clock.today())


def test_demo_people_in_a_database_made_anew(demonstration):
    first = demo_people.ensure_demo_people(demonstration[:1])
    RoleAssignment.objects.all().delete()
    User.objects.all().update(password="!")

    again = demo_people.ensure_demo_people(demonstration[:1])

    assert first == again
    assert User.objects.get().check_password(again[0].password)


def test_demo_code_is_shown_at_sign_in(client, demonstration):
    [signs_in, _] = demo_people.ensure_demo_people(demonstration)
    email = signs_in.person.email
    code = run("second_factor_code", email).strip()

    page = client.post("/account/login/", {"login": email, "password": signs_in.password}, follow=True)

    assert code in page.content.decode()
    client.post(page.redirect_chain[-1][0], {"code": code})
    assert client.get("/account/").status_code == 200
    assert run("second_factor_code", email).strip() != code, "a used code is not offered again"


def test_code_of_a_real_person_is_never_shown(client):
    user = make_user()

    with pytest.raises(CommandError, match="nobody of the demonstration"):
        run("second_factor_code", user.email)


def test_production_refuses_people_of_a_demonstration(demonstration, settings):
    demo_people.ensure_demo_people(demonstration)
    settings.PRODUCTION = True

    with pytest.raises(ImproperlyConfigured):
        demo_people.ensure_demo_people(demonstration)
    with pytest.raises(ImproperlyConfigured):
        demo_people.refuse_to_start_with_demo_people()
    with pytest.raises(CommandError):
        run("second_factor_code", "staff@demo.example.org")
    assert [error.id for error in no_demo_people_in_production(databases=["default"])] == [
        "connecticard.E001"
    ]
