"""Words of the glossary on a page: explained in text, left alone where they would be in the way."""

import pytest

from connecticard.help.explaining import explain
from connecticard.models import GlossaryTerm
from tests.factories import make_help_page

ILL = GlossaryTerm(key="ill", term="ILL", also=["ILLs"], stands_for="Interlibrary loan", meaning="A loan.")
FSCS = GlossaryTerm(key="fscs", term="FSCS", meaning="A system.")
CRL = GlossaryTerm(key="crl", term="C&RL", meaning="A journal.")


def explained(html):
    return explain(html, [ILL, FSCS, CRL])


def test_a_word_becomes_a_button_that_opens_its_meaning():
    html, terms = explained("<p>No ILL counts.</p>")

    opening = '<button type="button" class="term" popovertarget="term-ill" title="Interlibrary loan">'
    assert html == f"<p>No {opening}ILL</button> counts.</p>"
    assert terms == [ILL]


def test_only_the_first_of_a_page_is_reached_by_tab():
    html, _ = explained("<p>ILL, ILLs and FSCS</p><td>ILL</td>")

    assert html.count("<button") == 4
    assert html.count('tabindex="-1"') == 2
    assert ">ILLs</button>" in html


@pytest.mark.parametrize(
    "html",
    [
        '<a href="/">ILL</a>',
        '<a href="/"><b>x</b> ILL</a>',
        "<h2>ILL</h2>",
        "<label>ILL</label>",
        "<button>ILL</button>",
        "<code>ILL</code>",
        '<dt translate="no">ILL</dt>',
        '<span translate="no"><span>x</span> ILL</span>',
        '<span class="usa-sr-only">ILL</span>',
        "<select><option>ILL</option></select>",
        '<input value="ILL">',
        '<td data-label="ILL">x</td>',
        "<!-- ILL -->",
        "<svg><text>ILL</text></svg>",
        "<p>ILLUSTRATED, pre-ILL, ILL-based</p>",
        "<p>ill</p>",
    ],
)
def test_a_word_is_left_alone(html):
    assert explained(html) == (html, [])


def test_text_after_what_is_left_alone_is_explained():
    html, _ = explained('<p><a href="/">ILL</a> <br> <img alt="">ILL</p><input>ILL')

    assert html.count("<button") == 2


def test_a_word_as_html_writes_it_is_found():
    html, terms = explained("<p>See C&amp;RL.</p>")

    assert ">C&amp;RL</button>" in html
    assert terms == [CRL]


def test_nothing_changes_without_words():
    assert explain("<p>ILL</p>", []) == ("<p>ILL</p>", [])


@pytest.mark.django_db
def test_a_page_holds_the_meaning_of_each_of_its_words_once(client):
    make_help_page(body="An ILL is an ILL.\n")
    GlossaryTerm.objects.create(
        key="ill", term="ILL", stands_for="Interlibrary loan", meaning="A loan.", last_checked_on="2026-11-22"
    )

    shown = client.get("/help/how-to-count/").content.decode()

    assert shown.count('popovertarget="term-ill"') == 2
    assert shown.count('id="term-ill" popover') == 1
    assert 'href="/help/glossary/#ill"' in shown


@pytest.mark.django_db
def test_a_page_links_to_its_own_help(client):
    make_help_page(helps_on=("libraries:town_*",))
    link = '<a class="site-header__help" href="{}">Help for this page</a>'

    for page, its_link, leads_to in (
        ("/towns/", "/help/for/libraries:town_list/", "/help/how-to-count/"),
        ("/libraries/", "/help/for/libraries:library_list/", "/help/"),
    ):
        assert link.format(its_link) in client.get(page).content.decode()
        assert client.get(its_link).url == leads_to


@pytest.mark.django_db
def test_no_page_has_a_name_of_any_length(client):
    assert client.get(f"/help/for/{'a' * 101}/").status_code == 404
