"""What ships of the help center: every file is whole, and every link in it leads somewhere."""

import re
from datetime import date
from fnmatch import fnmatchcase
from functools import partial

import pytest

from connecticard.help import rendering, shipped
from connecticard.help.services import load_help
from connecticard.models import DirectoryEntry, GlossaryTerm, HelpPage, HelpPageVersion
from tests.connecticard.test_every_address import addresses

HEAD = """+++
title = "How to count"
summary = "One unit for each thing."
section = "counting"
owner = "The State Library"
last_checked_on = 2026-11-22
+++
"""
TERM = 'key = "ill"\nterm = "ILL"\nmeaning = "A loan."\nlast_checked_on = 2026-11-22\n'


@pytest.fixture
def content(tmp_path, monkeypatch):
    """A folder of content to write into, taken in place of what ships."""
    for language in ("en", "es"):
        (tmp_path / language).mkdir()
    for name in ("pages", "terms", "entries"):
        monkeypatch.setattr(shipped, name, partial(getattr(shipped, name), tmp_path))
    return tmp_path / "en"


@pytest.mark.django_db
@pytest.mark.parametrize("page", shipped.pages(), ids=lambda page: f"{page.language}/{page.slug}")
def test_a_page_that_ships_has_no_mistake(page):
    text = rendering.render(page.body, language=page.language, today=date(2027, 2, 15))

    assert text.mistakes == []
    assert text.leads_to <= {each.slug for each in shipped.pages()}
    assert page.summary.endswith(".")
    assert page.last_checked_on <= date.today()


def test_every_public_page_stands_in_both_languages_and_no_page_in_spanish_alone():
    english = {page.slug: page for page in shipped.pages() if page.language == "en"}
    spanish = {page.slug for page in shipped.pages() if page.language == "es"}

    assert {slug for slug, page in english.items() if page.audience == "public"} <= spanish
    for page in shipped.pages():
        if page.language == "es":
            assert (page.section, page.position, page.audience, page.helps_on) == (
                english[page.slug].section,
                english[page.slug].position,
                english[page.slug].audience,
                english[page.slug].helps_on,
            ), page.slug


def test_words_and_entries_that_ship_have_the_keys_of_the_english_ones():
    for rows in (shipped.terms(), shipped.entries()):
        english = {row.key for row in rows if row.language == "en"}

        assert {row.key for row in rows} == english


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.md", "## No head\n", "put what describes the page between two lines"),
        ("a.md", "x" + HEAD, "begin the file with a line of"),
        ("a.md", HEAD.replace("title = ", "titel = "), "add title"),
        ("a.md", HEAD.replace("+++\n", '+++\ncolor = "red"\n', 1), "color means nothing here"),
        ("a.md", HEAD.replace('"counting"', '"somewhere"'), "Choose one that docs/help-content.md names"),
        ("a.md", HEAD.replace("2026-11-22", '"2026-11-22"'), "without quotation marks"),
        ("a.md", HEAD.replace('"One unit', "One unit"), "Mend the TOML there"),
        ("search.md", HEAD, "this address is taken"),
        ("glossary.toml", f"[[term]]\n{TERM}[[term]]\n{TERM}", "stands twice"),
        ("glossary.toml", '[[term]]\nkey = "ill"\n', "add last_checked_on, meaning, term"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(content, name, text, told):
    (content / name).write_text(text)

    with pytest.raises(shipped.ContentRefused, match=told) as refusal:
        shipped.pages(), shipped.terms()

    assert name in str(refusal.value)


@pytest.mark.django_db
def test_loading_twice_changes_nothing_the_second_time():
    assert load_help() > 0
    assert load_help() == 0
    assert HelpPage.objects.count() == len(shipped.pages())
    assert GlossaryTerm.objects.count() == len(shipped.terms())
    assert DirectoryEntry.objects.count() == len(shipped.entries())


@pytest.mark.django_db
def test_a_newer_text_is_a_new_version(content):
    (content / "counting.md").write_text(HEAD + "Old.\n")
    load_help()
    (content / "counting.md").write_text(HEAD.replace("How to count", "Counting") + "New.\n")

    assert load_help() == 1
    assert [version.body for version in HelpPageVersion.objects.order_by("number")] == ["Old.\n", "New.\n"]
    assert HelpPageVersion.objects.standing().get().title == "Counting"


@pytest.mark.django_db
def test_what_staff_keep_is_left_as_it_is(content):
    (content / "counting.md").write_text(HEAD + "Old.\n")
    (content / "glossary.toml").write_text(f"[[term]]\n{TERM}")
    load_help()
    for kind in (HelpPage, GlossaryTerm):
        kind.objects.update(kept_by_staff_since="2026-12-01T12:00Z")
    (content / "counting.md").write_text(HEAD + "New.\n")
    (content / "glossary.toml").write_text(f"[[term]]\n{TERM.replace('A loan', 'Another')}")

    assert load_help() == 0
    assert HelpPageVersion.objects.get().body == "Old.\n"
    assert GlossaryTerm.objects.get().meaning == "A loan."


@pytest.mark.django_db
def test_what_no_longer_ships_is_withdrawn_and_comes_back_when_it_does(content):
    (content / "counting.md").write_text(HEAD + "Old.\n")
    load_help()
    (content / "counting.md").unlink()

    assert load_help() == 1
    assert not HelpPageVersion.objects.standing().exists()

    (content / "counting.md").write_text(HEAD + "Old.\n")

    assert load_help() == 1
    assert HelpPageVersion.objects.standing().get().number == 1


NEEDS_NONE = ("help:",)  # it is the help
NO_PAGE = re.compile(r"_(csv|xlsx|pdf|json|zip|calendar)$|-(list|detail)$|^(api:schema|api:no_such_route)$")


def test_every_page_of_the_site_has_its_own_help():
    patterns = {pattern for page in shipped.pages() for pattern in page.helps_on}

    without = {
        name
        for name, _, _ in addresses()
        if not name.startswith(NEEDS_NONE)
        and not NO_PAGE.search(name)
        and not any(fnmatchcase(name, pattern) for pattern in patterns)
    }

    assert without == set()


def test_help_is_for_pages_that_there_are():
    names = {name for name, _, _ in addresses()}

    for page in shipped.pages():
        for pattern in page.helps_on:
            assert any(fnmatchcase(name, pattern) for name in names), f"{page.slug}: {pattern} names no page"
