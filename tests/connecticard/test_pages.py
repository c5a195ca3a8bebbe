"""The frame around every page, and the pages shown when something went wrong."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template, TemplateSyntaxError
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse

from connecticard import navigation
from connecticard.models import Role
from connecticard.navigation import Place
from connecticard.permissions import Action
from tests.connecticard.test_every_address import client_of
from tests.factories import make_library, make_signed_in_client, make_user

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
# Printed, or opened from a ZIP: no page of the site, so no policy of the site is over them.
DOCUMENTS = (ROOT / "templates/reports/pdf", ROOT / "templates/reports/box")
PAGES = [path for path in TEMPLATES if not any(path.is_relative_to(folder) for folder in DOCUMENTS)]


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def request_by(user=None, path="/"):
    request = RequestFactory().get(path)
    request.user = user or AnonymousUser()
    return request


# The frame


@pytest.mark.django_db
def test_a_page_names_itself_and_the_program(client):
    page = client.get("/account/login/").content.decode()

    title = " ".join(re.search(r"<title>(.*?)</title>", page, re.DOTALL).group(1).split())
    assert title.endswith(" – borrowIT CT (Connecticard)")
    assert not title.startswith("–")
    assert '<html lang="en">' in page
    assert page.index('href="#main"') < page.index("<header")
    assert 'id="main"' in page


@pytest.mark.django_db
def test_the_demonstration_day_is_shown_on_every_page(client, settings):
    settings.DEMO_TODAY = date(2027, 3, 5)

    page = text_of(client.get("/account/login/").content.decode())

    assert "Demonstration. Today is taken to be Friday, March 5, 2027. People and figures are made up" in page


@pytest.mark.django_db
def test_no_demonstration_is_claimed_on_an_ordinary_day(client, settings):
    settings.DEMO_TODAY = None

    assert "Demonstration" not in client.get("/account/login/").content.decode()


@pytest.mark.django_db
def test_signing_out_is_a_button_that_posts():
    page = make_signed_in_client(Role.STATE_STAFF).get("/no-such-page").content.decode()

    assert re.search(
        r'<form method="post" action="/account/logout/">.*?<button type="submit">Sign out', page, re.DOTALL
    )


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_template_holds_an_inline_script_or_style(path):
    source = path.read_text()

    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|\shx-on", source)
    for tag in re.findall(r"<script[^>]*>", source):
        assert "src=" in tag or "application/json" in tag


# Navigation


@pytest.fixture
def places(monkeypatch):
    monkeypatch.setattr(
        navigation,
        "PLACES",
        (
            Place("Sign in", "account_login", "Account"),
            Place("Second factor", "mfa_index", "Account", Action.VIEW_AUDIT),
        ),
    )


@pytest.mark.usefixtures("places")
def test_navigation_for_nobody_holds_the_public_places():
    assert [link.label for link in navigation.rows(request_by()).links] == ["Sign in"]


@pytest.mark.django_db
@pytest.mark.usefixtures("places")
def test_navigation_follows_the_permission_table():
    assert [link.label for link in navigation.rows(request_by(make_user(Role.AUDITOR))).links] == [
        "Sign in",
        "Second factor",
    ]
    assert [link.label for link in navigation.rows(request_by(make_user())).links] == ["Sign in"]


@pytest.mark.usefixtures("places")
@pytest.mark.parametrize(
    ("path", "current"), [("/account/login/", "page"), ("/account/login/next", "true"), ("/", "")]
)
def test_navigation_marks_where_one_is(path, current):
    assert navigation.rows(request_by(path=path)).links[0].current == current


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "label"),
    [(Role.LIBRARY_FILER, "My libraries"), (Role.STATE_STAFF, "What libraries owe")],
)
def test_home_of_a_library_belongs_to_where_one_came_from(role, label):
    library = make_library()
    client = make_signed_in_client(role, library if role is Role.LIBRARY_FILER else None)

    page = client.get(f"/libraries/{library.key}/home/").content.decode()

    assert re.findall(r'aria-current="true">([^<]+)</a>', page)[-1] == label


@pytest.mark.parametrize("page", ["page", "review", "certify", "publish"])
def test_steps_of_an_edition_belong_to_the_payment_runs(page):
    places = [place for place in navigation.PLACES if f"reports:edition_{page}" in place.leads_to]

    assert [place.label for place in places] == ["Payment runs"]


def test_every_place_of_the_navigation_has_an_address():
    everywhere = [Place(place.label, place.url_name, place.section) for place in navigation.PLACES]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(navigation, "PLACES", everywhere)
        patch.setattr(navigation, "IN_ONE_ROW", len(everywhere))
        assert len(navigation.rows(request_by()).links) == len(everywhere)


@pytest.mark.django_db
def test_who_has_many_places_sees_sections_and_the_places_of_the_one_they_are_in():
    staff = make_user(Role.STATE_STAFF)

    found = navigation.rows(request_by(staff, path="/mail/"))

    assert [link.label for link in found.links] == [
        "Work",
        "Payments",
        "Desk",
        "Libraries",
        "Published",
        "Office",
    ]
    assert [link.label for link in found.links if link.current] == ["Work"]
    assert found.section == "Work"
    assert [link.label for link in found.places if link.current] == ["Mail"]
    assert "What libraries owe" in [link.label for link in found.places]


@pytest.mark.django_db
def test_who_is_nowhere_of_the_navigation_sees_the_sections_alone():
    found = navigation.rows(request_by(make_user(Role.STATE_STAFF), path="/account/"))

    assert len(found.links) == 6
    assert not any(link.current for link in found.links)
    assert found.places == ()


@pytest.mark.django_db
@pytest.mark.parametrize("role", list(Role))
def test_no_row_of_the_navigation_is_long(role):
    person = client_of(role).user
    for place in navigation.PLACES:
        found = navigation.rows(request_by(person, path=reverse(place.url_name)))

        assert max(len(found.links), len(found.places)) <= navigation.IN_ONE_ROW


# When something went wrong


@pytest.mark.django_db
def test_a_missing_page_says_where_to_begin_again(client):
    answer = make_signed_in_client(Role.STATE_STAFF).get("/no-such-page")

    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()


def test_a_form_without_its_token_says_that_nothing_was_saved(db):
    answer = Client(enforce_csrf_checks=True).post("/account/login/", {})

    assert answer.status_code == 403
    assert "nothing was saved" in answer.content.decode()


def test_a_failure_page_needs_nothing_around_it():
    assert "Something went wrong on our side" in render_to_string("500.html")


@pytest.mark.parametrize("name", ["400.html", "403.html", "404.html"])
def test_an_error_page_bears_a_request_that_never_met_the_session(name):
    assert "<h1>" in render_to_string(name, request=RequestFactory().get("/"))


@pytest.mark.django_db
def test_a_locked_out_person_learns_for_how_long(client):
    page = text_of(
        render_to_string(
            "429.html",
            {"failure_limit": 5, "cooloff_timedelta": timedelta(hours=1)},
            request=request_by(),
        )
    )

    assert "failed 5 times" in page
    assert "Wait 1 hour after the last attempt" in page


# Forms


class LetterForm(forms.Form):
    signatory = forms.CharField(help_text="As on the letter.")
    note = forms.CharField(required=False, widget=forms.Textarea)
    kind = forms.ChoiceField(choices=[("m", "Municipality"), ("a", "Association")], widget=forms.RadioSelect)
    agreed = forms.BooleanField(label="The letter is on file")
    ticket = forms.CharField(widget=forms.HiddenInput)


def test_a_field_ties_label_hint_and_control_together():
    page = str(LetterForm())

    assert '<label class="usa-label" for="id_signatory">' in page
    assert 'id="id_signatory_helptext">As on the letter.</div>' in page
    assert re.search(
        r'<input type="text" name="signatory"[^>]*aria-describedby="id_signatory_helptext"', page
    )
    assert 'class="usa-input"' in page
    assert 'class="usa-textarea"' in page
    assert page.count("(optional)") == 1


def test_a_choice_is_a_fieldset_with_a_label_for_each_option():
    page = str(LetterForm()["kind"].as_field_group())

    assert "<fieldset" in page
    assert '<label class="usa-radio__label" for="id_kind_1">Association</label>' in page
    assert page.count('class="usa-radio__input"') == 2


def test_a_refused_form_lists_its_errors_and_links_each_to_its_field():
    page = str(LetterForm({}))

    assert 'role="alert"' in page
    assert '<a href="#id_signatory">Signatory – This field is required.</a>' in page
    assert '<a href="#id_kind_0">Kind – This field is required.</a>' in page
    assert "<li>Ticket – This field is required.</li>" in page
    assert 'aria-describedby="id_signatory_helptext id_signatory_error"' in page
    assert 'id="id_signatory_error"' in page
    assert 'aria-invalid="true"' in page


def test_a_control_keeps_the_class_that_its_form_gave_it():
    class Narrow(forms.Form):
        year = forms.IntegerField(widget=forms.NumberInput(attrs={"class": "narrow"}))

    assert 'class="narrow usa-input"' in str(Narrow())


# Parts


def test_breadcrumbs_end_with_this_page():
    page = Template('{% load ui %}{% breadcrumbs "Payment runs" "/runs/" "Fiscal year 2027" %}').render(
        Context()
    )

    assert '<a href="/runs/">Payment runs</a>' in page
    assert '<li aria-current="page">Fiscal year 2027</li>' in page


def test_breadcrumbs_without_a_name_for_this_page_are_refused():
    with pytest.raises(TemplateSyntaxError):
        Template('{% load ui %}{% breadcrumbs "Payment runs" "/runs/" %}').render(Context())


def test_a_wide_table_can_be_reached_and_scrolled_by_keyboard():
    page = Template("{% load ui %}{% table_region label %}<table></table>{% endtable_region %}").render(
        Context({"label": "Loans <all>"})
    )

    assert page == (
        '<div class="table-region" role="region" aria-label="Loans &lt;all&gt;" tabindex="0">'
        "<table></table></div>"
    )


def test_a_fact_that_is_not_on_record_is_not_shown_as_nothing():
    page = render_to_string("_components/summary_list.html", {"rows": [("Payee", None), ("Loans", 0)]})

    assert "not on record" in page
    assert text_of(page).endswith("Loans 0")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_block_uses_no_address_that_another_block_named(path):
    """`{% url ... as name %}` is known inside its block alone; elsewhere it would be a link to nowhere."""
    blocks = re.findall(
        r"{% block (?:breadcrumbs|content) %}.*?{% endblock (?:breadcrumbs|content) %}",
        path.read_text(),
        re.S,
    )
    for block in blocks:
        named = set(re.findall(r"{% url [^%]+ as (\w+) %}", block))
        for name in (
            set().union(*(re.findall(r"{% url [^%]+ as (\w+) %}", other) for other in blocks)) - named
        ):
            assert not re.search(rf"\b{name}\b", block), f"{name} is named in another block"
