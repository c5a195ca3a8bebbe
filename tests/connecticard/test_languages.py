"""Two languages by address: which pages have two, what is written in each, and the catalogue behind them."""

from datetime import UTC, date, datetime

import polib
import pytest
from django.urls import reverse
from django.utils.translation import gettext, override

from connecticard import catalogues
from connecticard.catalogues import Text
from connecticard.models import Role
from connecticard.templatetags import figures
from tests.connecticard.test_every_address import PUBLIC, addresses
from tests.factories import make_user

ONE_LANGUAGE = ("/api/v1/", "/admin/")


@pytest.mark.django_db
def test_every_page_for_anybody_and_nothing_else_has_a_spanish_address(client):
    for name, english, _ in addresses():
        with override("es"):
            spanish = next(address for other, address, _ in addresses() if other == name)
        is_page = (
            name in PUBLIC | {"mfa_authenticate"} and english.endswith("/") and name != "api:no_such_route"
        )
        has_two = is_page and not english.startswith(ONE_LANGUAGE)

        assert spanish == (f"/es{english}" if has_two else english), name


@pytest.mark.django_db
def test_page_says_its_language_and_leads_to_the_other(client):
    english = client.get("/towns/?q=avon").content.decode()
    spanish = client.get("/es/towns/?q=avon").content.decode()

    assert '<html lang="en">' in english
    assert 'href="/es/towns/?q=avon" lang="es"' in english
    assert '<html lang="es">' in spanish
    assert 'href="/towns/?q=avon" lang="en"' in spanish
    for page in (english, spanish):
        assert '<link rel="alternate" hreflang="es" href="http://127.0.0.1:8000/es/towns/">' in page
        assert '<link rel="alternate" hreflang="en" href="http://127.0.0.1:8000/towns/">' in page


@pytest.mark.django_db
def test_spanish_page_leads_to_spanish_pages_and_to_files_as_they_are(client):
    spanish = client.get("/es/trends/").content.decode()

    assert 'href="/es/libraries/"' in spanish
    assert 'href="/feed.atom"' in spanish
    assert "/es/feed.atom" not in spanish


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/es/people/?page=2", "/people/?page=2"),
        ("/es/data.json", "/data.json"),
        ("/es/api/v1/towns/", "/api/v1/towns/"),
    ],
)
def test_what_has_one_language_is_sent_for_at_its_one_address(client, asked, given):
    answer = client.get(asked)

    assert (answer.status_code, answer.url) == (302, given)


@pytest.mark.django_db
def test_page_that_is_not_there_says_so_in_the_language_of_its_address(client):
    answer = client.get("/es/no-such-page/")

    assert answer.status_code == 404
    assert '<html lang="es">' in answer.content.decode()


@pytest.mark.django_db
def test_page_for_people_who_signed_in_offers_no_other_language(client):
    assert "site-header__language" not in client.get("/account/").content.decode()
    assert reverse("connecticard:account") == "/account/"


def test_days_and_moments_are_written_in_the_language_of_the_page():
    moment = datetime(2027, 3, 8, 21, 5, 9, tzinfo=UTC)

    with override("es"):
        assert figures.long_date(date(2027, 3, 8)) == "lunes, 8 de marzo de 2027"
        assert figures.day(date(2027, 3, 8)) == "8 de marzo de 2027"
        assert figures.moment(moment) == "8 de marzo de 2027, 4:05 p.m., hora del Este"
        assert figures.count(3_580_340) == "3,580,340"
        assert figures.dollars(70_363_800) == "$703,638.00"


@pytest.fixture
def part(tmp_path):
    """Return a function that writes a part of a catalogue and returns the root in which it stands."""

    def write(name: str = "reports/locale/es/a.po", **spanish: str):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        made = polib.POFile()
        made.extend(polib.POEntry(msgid=msgid, msgstr=msgstr) for msgid, msgstr in spanish.items())
        made.save(str(path))
        return tmp_path

    return write


def test_catalogue_is_made_anew_when_a_part_changes(part, tmp_path):
    first = catalogues.compiled_catalogue(part(Towns="Pueblos"), tmp_path / "var")
    same = catalogues.compiled_catalogue(part(Towns="Pueblos"), tmp_path / "var")
    other = catalogues.compiled_catalogue(part(Towns="Municipios"), tmp_path / "var")

    assert first == same != other
    made = polib.mofile(str(other / "es" / "LC_MESSAGES" / "django.mo"))
    assert {entry.msgid: entry.msgstr for entry in made} == {"Towns": "Municipios"}


@pytest.mark.parametrize(
    ("spanish", "said"),
    [
        ({"Towns": ""}, "has no Spanish"),
        ({"Towns": "Municipios", "Gone": "Ido"}, "is said nowhere any more"),
        ({}, "has no entry"),
    ],
)
def test_fault_of_a_catalogue_is_named(part, spanish, said):
    found = catalogues.faults(part(**spanish), {Text("Towns"): "templates/a.html"})

    assert len(found) == 1
    assert said in found[0]


def test_value_that_one_language_leaves_out_is_a_fault(part):
    found = catalogues.faults(part(**{"Page %(n)s": "Página"}), {Text("Page %(n)s"): "templates/a.html"})

    assert len(found) == 1
    assert "%(n)s stands in one language only" in found[0]


def test_two_parts_that_say_one_text_in_two_ways_are_a_fault(part):
    part(Towns="Pueblos")
    root = part("reports/locale/es/b.po", Towns="Municipios")

    found = catalogues.faults(root, {Text("Towns"): "templates/a.html"})

    assert len(found) == 1
    assert "reads otherwise in reports/locale/es/a.po" in found[0]


def test_site_speaks_spanish_without_a_program_of_gettext():
    with override("es"):
        assert gettext("Find your library") == "Encuentre su biblioteca"


@pytest.mark.django_db
def test_letter_that_sets_a_new_password_is_in_the_language_in_which_it_was_asked_for(
    client, mailoutbox, django_capture_on_commit_callbacks
):
    person = make_user(Role.AUDITOR)

    with django_capture_on_commit_callbacks(execute=True):
        client.post("/es/account/password/reset/", {"email": person.email})

    (letter,) = mailoutbox
    assert "Establecer una contraseña nueva" in letter.subject
    assert "/es/account/password/reset/key/" in letter.body
