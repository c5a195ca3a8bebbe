"""Markdown of the help center: what becomes of it, what is refused, and that nothing harmful gets through."""

from datetime import date

import pytest

from connecticard.help import macros
from connecticard.help.rendering import render, words_of

TODAY = date(2027, 2, 15)


def rendered(body, **options):
    return render(body, language="en", today=TODAY, **options)


def html(body):
    return str(rendered(body).html).replace("\n", "")


def test_headings_have_anchors_and_make_a_table_of_contents():
    text = rendered("## What counts\n\nA.\n\n### Sets\n\n## What does not\n")

    assert text.headings == [("what-counts", "What counts"), ("what-does-not", "What does not")]
    assert '<h3 id="sets">' in text.html


def test_headings_of_a_text_among_others_are_lower_and_named_after_it():
    text = rendered("## What counts\n", anchors_begin="counting")

    assert '<h4 id="counting-what-counts">' in text.html


def test_a_table_names_its_columns_in_each_cell():
    made = html("| What | Counts as |\n| --- | --- |\n| A set | *one* |\n")

    assert '<table class="stacked">' in made
    assert '<th scope="col">What</th>' in made
    assert '<th scope="row">A set</th><td data-label="Counts as"><em>one</em></td>' in made


@pytest.mark.parametrize("kind", ["note", "example", "warning"])
def test_a_note_stands_in_a_frame(kind):
    assert f'<div class="help-note help-note--{kind}"><p>Look.</p></div>' in html(f"::: {kind}\nLook.\n:::\n")


def test_links_lead_to_help_pages_and_to_pages_of_the_site():
    text = rendered("[a](help:counting#sets) [b](page:reports:key_dates) [c](help:glossary#ill)\n")

    assert '<a href="/help/counting/#sets">a</a>' in text.html
    assert '<a href="/key-dates/">b</a>' in text.html
    assert '<a href="/help/glossary/#ill">c</a>' in text.html
    assert (text.mistakes, text.leads_to) == ([], {"counting"})


@pytest.mark.parametrize(
    ("body", "mistake"),
    [
        ("A\n\n# Title\n", "Line 3: a heading of the first level"),
        ("[a](page:reports:nothing)\n", "Line 1: a link to “page:reports:nothing”"),
        ("[a](ftp://example.org/)\n", "Line 1: a link to “ftp://example.org/”"),
        ("A\n\nB {{ nonsense }}\n", "Line 3: There is no live value “nonsense”"),
        ("{{ rule nonsense }}\n", "Line 1: The rulebook has no “nonsense”"),
        ("{{ due nonsense }}\n", "Line 1: Nothing is called “nonsense”"),
    ],
)
def test_a_mistake_is_told_with_its_line(body, mistake):
    assert rendered(body).mistakes[0].startswith(mistake)


@pytest.mark.django_db
def test_every_live_value_writes_what_its_example_asks_for():
    for macro in macros.registered():
        text = rendered(f"{{{{ {macro.example} }}}}\n")

        assert text.mistakes == []
        assert macro.says.endswith(".")
        assert "{{" not in text.html


@pytest.mark.django_db
def test_live_values_come_from_the_rulebook():
    made = html("Within {{ rule semiannual_due_days_after }} days, next on {{ due semiannual }}.\n")

    assert made == "<p>Within 7 days, next on March 8, 2027.</p>"


def test_a_citation_is_linked_and_a_full_stop_follows_at_once():
    made = html("So it is {{ cite semiannual_due_days_after }}.\n")

    assert 'href="/rulebook/#semiannual_due_days_after"' in made
    assert "</a></span>.</p>" in made


def test_a_live_value_of_several_paragraphs_stands_in_none():
    made = html("{{ problems }}\n")

    assert "<p>" not in made
    assert "not_found" in made


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>\n",
        '<img src="x" onerror="alert(1)">\n',
        "[a](javascript:alert(1))\n",
        "[a](data:text/html;base64,AAAA)\n",
        '[a](page:reports:nothing"onclick=alert(1))\n',
        "{{ <script>alert(1)</script> }}\n",
        "![a](https://example.org/a.png)\n",
        "::: note onclick=alert(1)\nA\n:::\n",
    ],
)
def test_nothing_harmful_gets_through(body):
    made = html(body)

    assert "<script" not in made
    assert "<img" not in made
    assert 'href="javascript' not in made
    assert 'href="data' not in made
    assert "<a onclick" not in made
    assert "<div onclick" not in made


def test_words_are_what_is_read_without_marks_and_live_values():
    body = "## Sets\n\nEach *volume* of a [set](help:sets) is\none {{ rule x }}.\n"
    body += "\n| A | B |\n| - | - |\n| c | `d` |\n"

    assert words_of(body) == "Sets\nEach volume of a set is one .\nA\nB\nc\nd"
