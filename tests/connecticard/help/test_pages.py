"""The help center as people read it."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client

from connecticard.help import reading
from connecticard.help.reading import help_for
from connecticard.help.search import find
from connecticard.models import GlossaryTerm, HelpPage, HelpPageVersion, Role
from tests.factories import make_help_page, make_library, make_signed_in_client

pytestmark = pytest.mark.django_db
NOBODY = AnonymousUser()


def make_term(**values):
    return GlossaryTerm.objects.create(
        **{"key": "ill", "term": "ILL", "meaning": "A loan.", "last_checked_on": "2026-11-22"} | values
    )


def content(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_a_page_names_who_answers_for_it_and_when_it_was_checked(client):
    make_help_page()

    shown = content(client, "/help/how-to-count/")

    assert "<h1>How to count</h1>" in shown
    assert "counts as <strong>one</strong>" in shown
    assert "The State Library answers for this page and last checked it on November 22, 2026." in shown


def test_the_newest_version_is_shown(client):
    first = make_help_page()
    HelpPageVersion.objects.create(
        page=first.page, number=2, title="Counting", summary="S", body="B", words="B", made_at=first.made_at
    )

    assert "<h1>Counting</h1>" in content(client, "/help/how-to-count/")
    assert HelpPageVersion.objects.standing().count() == 1


def test_pages_stand_by_section_and_place(client):
    make_help_page("b", title="Second", section="start")
    make_help_page("a", title="Payment comes later", section="payment")
    first = make_help_page("c", title="First", section="start")
    HelpPage.objects.filter(pk=first.page_id).update(position=1)

    shown = content(client, "/help/")

    places = [shown.index(text) for text in ("Start here", "First", "Second", "Payment comes later")]
    assert places == sorted(places)


def test_a_page_for_some_is_shown_to_nobody_else(client):
    make_help_page("own", audience="signed_in", title="For who is signed in")
    make_help_page("state", audience="state", title="For the State Library")
    filer = make_signed_in_client(Role.LIBRARY_FILER, make_library())
    staff = make_signed_in_client(Role.STATE_STAFF)

    assert client.get("/help/own/").url == "/account/login/?next=/help/own/"
    assert filer.get("/help/own/").status_code == 200
    assert filer.get("/help/state/").status_code == 403
    assert staff.get("/help/state/").status_code == 200
    for who, titles in ((client, 0), (filer, 1), (staff, 2)):
        for address in ("/help/", "/help/handbook/", "/help/search/?q=magazine"):
            shown = content(who, address)
            assert ("For who is signed in" in shown) + ("For the State Library" in shown) == titles, address


def test_a_page_in_english_says_so_on_a_spanish_site():
    make_help_page(title="How to count")
    make_help_page("dates", title="Dates")
    make_help_page("dates", language="es", title="Fechas", body="Nada.")

    shown = content(Client(), "/es/help/how-to-count/")

    assert '<article class="help-page" lang="en">' in shown
    assert {version.title for version in reading.pages_for(NOBODY, "es")} == {"How to count", "Fechas"}
    assert {version.title for version in reading.pages_for(NOBODY, "en")} == {"How to count", "Dates"}
    assert reading.find_page("dates", "es").title == "Fechas"
    assert reading.find_page("how-to-count", "es").title == "How to count"
    assert [hit.version.title for hit in find("magazine", NOBODY, "es").pages] == ["How to count"]


def test_a_page_that_is_withdrawn_is_not_there(client):
    page = make_help_page().page
    HelpPage.objects.filter(pk=page.pk).update(withdrawn_at="2026-12-01T12:00Z")

    assert client.get("/help/how-to-count/").status_code == 404


def test_the_handbook_holds_every_page_and_the_glossary(client):
    make_help_page(body="## Units\n\nOne.\n")
    make_term()

    shown = content(client, "/help/handbook/")

    assert '<h3 id="how-to-count">How to count</h3>' in shown
    assert '<h4 id="how-to-count-units">' in shown
    assert "A loan." in shown


def test_the_nearest_page_explains_a_page_of_the_site():
    make_help_page("all", title="All", helps_on=("transactions:*",))
    make_help_page("filing", title="Filing", helps_on=("transactions:filing*", "transactions:period_list"))
    make_help_page("grid", title="Grid", helps_on=("transactions:filing_entry",))
    make_help_page("state", title="State", audience="state", helps_on=("transactions:period_list",))

    def title(name):
        found = help_for(name, NOBODY, "en")
        return found and found.title

    assert title("transactions:filing_entry") == "Grid"
    assert title("transactions:filing_check") == "Filing"
    assert title("transactions:period_list") == "Filing"
    assert title("transactions:recipes") == "All"
    assert title("reports:home") is None


def test_search_finds_words_in_every_form_and_shows_where_they_stand(client):
    make_help_page()
    make_help_page("other", title="Other", body="Nothing of the kind.\n")

    shown = content(client, "/help/search/?q=magazines+counted")

    assert "1 help page" in shown
    assert "issue of a <mark>magazine</mark> <mark>counts</mark>" in shown


def test_a_title_goes_before_a_text():
    make_help_page("a", title="Text", body="Magazines.\n")
    make_help_page("b", title="Magazines", body="Text.\n")

    assert [hit.version.title for hit in find("magazine", NOBODY, "en").pages] == ["Magazines", "Text"]


def test_a_misspelt_word_is_taken_for_the_nearest(client):
    make_help_page()

    shown = content(client, "/help/search/?q=magasine")

    assert "This is what has <strong>magazine</strong>." in shown
    assert "How to count" in shown


@pytest.mark.parametrize(
    "asked", ["<script>alert(1)</script>", "%00", "' OR 1=1 --", '"', "a " * 500, "zzzzzz"]
)
def test_a_search_for_anything_is_answered(client, asked):
    make_help_page(body="Look at `<script>alert(1)</script>` there.\n")

    shown = content(client, f"/help/search/?q={asked}")

    assert "<script>alert" not in shown


def test_search_finds_words_of_the_glossary(client):
    make_term(stands_for="Interlibrary loan")

    assert "A loan." in content(client, "/help/search/?q=interlibrary")


def test_search_in_spanish_knows_spanish_forms():
    make_help_page("uno", language="es", title="Préstamos", body="Las bibliotecas prestan revistas.\n")

    assert [hit.version.title for hit in find("biblioteca revista", NOBODY, "es").pages] == ["Préstamos"]


def test_a_word_of_the_glossary_can_be_led_to(client):
    make_term(stands_for="Interlibrary loan", link="https://example.org/")

    shown = content(client, "/help/glossary/")

    assert 'id="ill"' in shown
    assert "<strong>Interlibrary loan.</strong>" in shown


def test_a_change_of_the_help_center_makes_kept_pages_anew():
    make_help_page()
    assert "How to count" in content(Client(), "/help/")
    make_help_page("b", title="Another page")

    assert "Another page" in content(Client(), "/help/")


@pytest.mark.parametrize("change", ["update", "delete"])
def test_a_version_is_never_changed_and_never_removed(change):
    version = make_help_page()
    rows = HelpPageVersion.objects.filter(pk=version.pk)

    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
        rows.update(title="x") if change == "update" else rows._raw_delete("default")


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"language": "fr"}, "glossary_term_is_in_a_language_of_the_site"),
        ({}, "one_glossary_term_in_a_language"),
    ],
)
def test_a_term_stands_once_in_a_language_of_the_site(values, constraint):
    make_term()

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        make_term(**values)
