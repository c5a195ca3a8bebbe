"""Every public page in Spanish: no word of it stands there that no catalogue gave."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.test import Client
from django.urls import URLPattern, reverse
from django.utils.translation import override, trans_real

from libraries import roster_files
from libraries.models import Consortium, DeliverySite, Library, Town
from payments.rules.rulebook import whole_rulebook
from tests.api_world import TODAY, World
from tests.connecticard.test_every_address import addresses
from tests.connecticard.test_reach import records, with_a_form  # noqa: F401 - a fixture
from tests.factories import make_delivery_site
from transactions.models import FilingReceipt

pytestmark = pytest.mark.django_db

OPEN, CLOSE = "\N{MATHEMATICAL LEFT WHITE SQUARE BRACKET}", "\N{MATHEMATICAL RIGHT WHITE SQUARE BRACKET}"
PLACE = re.compile(r"(<[^>]*>|%\(\w+\)[a-z]|%[sd]|%%|\{\w*\})")
MARKED = re.compile(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}")
WORD = re.compile(r"[^\W\d_]{2,}")
READ_ALOUD = (
    "alt",
    "aria-description",
    "aria-label",
    "aria-roledescription",
    "data-label",
    "placeholder",
    "title",
)
# Names, kinds of files, ways to write a citation, and what stands between the parts of a day
SAME_EVERYWHERE = re.compile(
    r"https?://\S+|\b(?:C\.G\.S\.|Regs\.|§+|Conn\. State Agencies"
    r"|Massachusetts|Montana|Sierra|Polaris|Symphony|Evergreen|Koha|Verso"
    r"|CSV|XLSX|PDF|JSON|ZIP|SHA|KB|MB|CT\d{4}|FY\d{4}|de|p\.m\.|a\.m\.|Español|English)(?!\w)"
    r"|[\w.-]+@[\w.-]+"
    r"|\b\w+\.(?:py|json|csv|html)\b|\b[0-9a-f]{8}(?:…|\b|[0-9a-f]{56}\b)"
)
RECORDS = {"help:page"}
"""Pages whose words are records, written in each language; what stands around them other pages show too."""


class Page(HTMLParser):
    """The words of a page that are not in an element of another language, each with where it stands."""

    UNSEEN = frozenset({"script", "style", "code", "pre"})
    EMPTY = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})

    def __init__(self) -> None:
        super().__init__()
        self.around: list[tuple[str, bool]] = []
        self.texts: list[tuple[str, str]] = []

    @property
    def counts(self) -> bool:
        return not self.around or self.around[-1][1]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        counts = self.counts and given.get("lang", "es") == "es" and tag not in self.UNSEEN
        if counts:
            self.texts += [(f"{tag} {name}", given[name]) for name in READ_ALOUD if name in given]
            if tag == "meta" and given.get("property", "").startswith(("og:title", "og:description")):
                self.texts.append(("meta", given["content"]))
            if tag == "input" and given.get("type") in {"submit", "button"}:
                self.texts.append(("input value", given.get("value", "")))
        if tag not in self.EMPTY:
            self.around.append((tag, counts))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.EMPTY:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.around:
            if self.around.pop()[0] == tag:
                break

    def handle_data(self, data: str) -> None:
        if self.counts and data.strip():
            self.texts.append((self.around[-1][0] if self.around else "", " ".join(data.split())))


@pytest.fixture
def asked(monkeypatch) -> set[str]:
    """Put marks around every text that a catalogue gives; return the texts that had no Spanish."""
    spanish, lacking = trans_real.translation("es"), set()
    gettext, ngettext, known = spanish.gettext, spanish.ngettext, spanish._catalog

    def marked(text: str) -> str:
        # A mark for each stretch between tags and the places of values: a value has to bring its own
        return "".join(
            part if PLACE.fullmatch(part) or not part else f"{OPEN}{part}{CLOSE}"
            for part in PLACE.split(text)
        )

    def one(message: str) -> str:
        if message not in known:
            lacking.add(message)
        return marked(gettext(message))

    def number(singular: str, plural: str, count: int) -> str:
        if (singular, 0) not in known and (singular, 1) not in known and singular not in known:
            lacking.add(singular)
        return marked(ngettext(singular, plural, count))

    monkeypatch.setattr(spanish, "gettext", one)
    monkeypatch.setattr(spanish, "ngettext", number)
    return lacking


@pytest.fixture
def world(settings, world) -> World:
    settings.DEMO_TODAY = TODAY
    make_delivery_site("Demonstration College", key="SITE-1")
    return with_a_form(world)


def pages(space: str) -> Iterator[tuple[str, URLPattern]]:
    """Yield name and pattern of the pages of an app that have a Spanish address."""
    with override("es"):
        found = list(addresses())
    for name, address, pattern in found:
        if address.startswith("/es/") and _space(name) == space and name not in RECORDS:
            yield name, pattern


def _space(name: str) -> str:
    return name.partition(":")[0] if ":" in name else "account"


SPACES = sorted({_space(name) for name, _, _ in addresses()} - {"admin"})


@pytest.mark.parametrize("space", SPACES)
def test_every_word_of_a_public_page_comes_from_a_catalogue(
    space: str,
    client: Client,
    world: World,
    asked: set[str],
    records: Any,  # noqa: F811
) -> None:
    names = _names(world)
    english: set[str] = set()
    for name, pattern in pages(space):
        with override("es"):
            address = reverse(name, kwargs=records(name, pattern))
        for asked_for in (address, *MORE.get(name, ())):
            answer = client.get(asked_for)
            if not answer.get("Content-Type", "").startswith("text/html"):
                continue
            english |= {f"{asked_for}: {words}" for words in _english(answer.content.decode(), names)}

    assert "\n".join(sorted(english)) == ""
    assert asked == set()


# What else of a page has words of its own: nothing found, a wrong answer, another choice
MORE = {
    "libraries:library_list": ("/es/libraries/?q=nowhere", "/es/libraries/?town=1"),
    "transactions:receipt_check": ("/es/receipts/?number=", "/es/receipts/?number=1"),
    "transactions:paper_card": ("/es/paper/card/?library=CT0005&cards=1",),
    "transactions:paper_card_check": (
        "/es/paper/card-check/?library=CT9999&expiry=day",
        "/es/paper/card-check/?library=CT0005&names_library=no&names_town=no&names_holder=no"
        "&expiry=computer&one_library_only=yes",
        "/es/paper/card-check/?library=CT0005&names_library=yes&names_town=yes&names_holder=yes"
        "&expiry=month&one_library_only=no",
    ),
    "transactions:paper_local_card": ("/es/paper/local-card/?library=CT0005&cards=1",),
    "transactions:paper_return_slip": ("/es/paper/return-slip/?library=CT0005",),
    "transactions:paper_notice": (
        "/es/paper/notice/?library=CT0005&home=CT0001",
        "/es/paper/notice/?library=CT0005&home=CT0005",
    ),
    "transactions:paper_routing_slips": (
        "/es/paper/routing-slips/?sender=SITE-1&to_1=nowhere",
        "/es/paper/routing-slips/?sender=SITE-1&to_1=SITE-1",
    ),
    "reports:finder": ("/es/find/?q=Avon", "/es/find/?q=nowhere"),
    "reports:home": ("/es/no-such-page/",),
}


def _names(world: World) -> list[str]:
    """Return what is called the same in every language, the longest first."""
    found = {site_settings.PROGRAM_NAME, "filings", "nowhere"}
    for receipt in FilingReceipt.objects.all():
        found |= {receipt.number, receipt.signer_name, receipt.library_name}
    found |= set(DeliverySite.objects.values_list("name", flat=True))
    found |= set(Library.objects.values_list("name", flat=True))
    found |= set(Consortium.objects.values_list("name", flat=True))
    found |= {entry.key for entry in whole_rulebook()}
    for town in [*Town.objects.all(), *roster_files.towns()]:  # a map shows all of them
        found |= {town.name, town.planning_region}
    return sorted(found, key=len, reverse=True)


def _english(html: str, names: list[str]) -> list[str]:
    """Return the texts of a page that no catalogue gave."""
    page = Page()
    page.feed(html)
    return [f"{where}: {text}" for where, text in page.texts if WORD.search(_left(text, names))]


def _left(text: str, names: list[str]) -> str:
    text = MARKED.sub(" ", text)
    for name in names:
        text = text.replace(name, " ")
    return SAME_EVERYWHERE.sub(" ", text)


def test_text_that_no_catalogue_gave_is_found():
    page = f'<p title="A title">{OPEN}Hola{CLOSE} Avon <b>word</b></p><p lang="en">quoted</p><pre>code</pre>'

    assert _english(page, ["Avon"]) == ["p title: A title", "b: word"]
