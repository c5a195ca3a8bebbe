"""HTML to PDF/UA: tagged, self-contained, and the same bytes whenever the same document is made again.

WeasyPrint lays out and tags. What its tags leave out is repaired before the file is written:
every heading cell says whether it heads a column or a row, a table that runs over several pages is one
table, a figure says where it stands, and what only serves the page (page numbers, running titles, repeated
table heads) is kept out of what a screen reader reads.

Two things are asked of a template: every table has a caption, and no script or address outside `static/`.
"""

import hashlib
import threading
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pydyf
from weasyprint import CSS, HTML, Document
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

STATIC = Path(__file__).resolve().parent.parent / "static"
STYLESHEET = STATIC / "css" / "pdf.css"

# Pango's font map belongs to one thread at a time; a worker process makes one document at a time anyway.
_one_document_at_a_time = threading.Lock()


class ForbiddenAddress(FatalURLFetchingError):  # type: ignore[misc]  # WeasyPrint has no types
    """A document asked for something that is not one of our own static files."""


class OwnFilesOnly(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types
    """Fetches files below one folder, and nothing else: no network, no other path, no data address.

    `given` are pictures that a document brings along, by the names that they would have in that folder.

    A refusal ends the document, for one without its font or seal must not be kept by anybody.
    """

    def __init__(self, folder: Path, given: Mapping[str, bytes] | None = None):
        super().__init__(allowed_protocols=("file",))
        self._folder = folder.resolve()
        self._given = {self._folder / name: content for name, content in (given or {}).items()}

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        """Return the file at url; ForbiddenAddress where it lies elsewhere or does not exist."""
        parts = urlsplit(url)
        if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
            raise ForbiddenAddress(f"{url}: a document may use only files below {self._folder}")
        path = Path(url2pathname(parts.path)).resolve()
        if not path.is_relative_to(self._folder):
            raise ForbiddenAddress(f"{url}: a document may use only files below {self._folder}")
        if path in self._given:
            return URLFetcherResponse(url, self._given[path])
        if not path.is_file():
            raise ForbiddenAddress(f"{url}: there is no such file; add it below {self._folder}")
        return URLFetcherResponse(url, path.read_bytes())


def render_pdf(
    html: str, *, title: str, created: date | None = None, images: Mapping[str, bytes] | None = None
) -> bytes:
    """Return html as a PDF/UA-1 file.

    `html` is a whole page (`<html lang="en-US">`); relative addresses are read from `static/`. `title` is
    what a reader's window shows. `created` is the day written in the file; without it the file carries none.
    `images` are pictures that are no static files, by the address that html gives them; their names change
    with their content. The same arguments give the same bytes.

    Raises ValueError for a table without a caption, ForbiddenAddress for anything outside `static/`.
    """
    if html.count("<table") != html.count("<caption"):
        raise ValueError(f"{title}: a table has no caption; give every <table> one <caption>")
    identity = hashlib.sha256(f"{title}\n{created}\n{html}".encode()).hexdigest()
    with _one_document_at_a_time:
        document = lay_out(html, images)
        document.metadata.title = title
        document.metadata.created = created.isoformat() if created else None
        pdf: bytes = document.write_pdf(
            pdf_variant="pdf/ua-1", pdf_identifier=identity.encode(), finisher=_repair_tags
        )
    return pdf


def lay_out(html: str, images: Mapping[str, bytes] | None = None) -> Document:
    """Return html laid out as pages in the look of our documents, not yet written as PDF."""
    stylesheet, fonts, fetcher = _prepared()
    if images:
        fetcher = OwnFilesOnly(STATIC, images)
    page = HTML(string=html, base_url=STATIC.as_uri() + "/", url_fetcher=fetcher)
    return page.render(font_config=fonts, stylesheets=[stylesheet])


@cache
def _prepared() -> tuple[CSS, FontConfiguration, OwnFilesOnly]:
    """Read the stylesheet and the fonts once in a process."""
    fonts = FontConfiguration()
    fetcher = OwnFilesOnly(STATIC)
    stylesheet = CSS(url=STYLESHEET.as_uri(), font_config=fonts, url_fetcher=fetcher)
    return stylesheet, fonts, fetcher


def _repair_tags(_document: Document, pdf: pydyf.PDF) -> None:
    _StructureTree(pdf).repair()
    _print_links(pdf)


def _print_links(pdf: pydyf.PDF) -> None:
    """Let a link be printed like the words under it, which archives ask for."""
    for thing in pdf.objects:
        if isinstance(thing, pydyf.Dictionary) and thing.get("Subtype") == "/Link":
            thing["F"] = 4


class _StructureTree:
    """The tag tree of a PDF that is about to be written."""

    def __init__(self, pdf: pydyf.PDF):
        self._pdf = pdf
        root = self._object(pdf.catalog["StructTreeRoot"])
        (document,) = root["K"]
        self._document = self._object(document)
        numbers = self._object(root["ParentTree"])["Nums"]
        self._owners = dict(zip(numbers[::2], numbers[1::2], strict=True))
        self._kept: set[int] = set()
        self._pages = {reference: number for number, reference in enumerate(pdf.page_references)}

    def repair(self) -> None:
        self._join_tables()
        self._mark_page_furniture(self._tidy(self._document))
        self._empty_what_is_left_over()

    def _object(self, reference: bytes) -> pydyf.Object:
        return self._pdf.objects[int(reference.split()[0])]

    def _children(self, element: pydyf.Dictionary) -> list[pydyf.Dictionary]:
        return [self._object(kid) for kid in element["K"] if isinstance(kid, bytes)]

    def _join_tables(self) -> None:
        """Make one table of the parts that a table was cut into at the foot of a page.

        A part that begins without a caption continues the table before it. Its rows move there; its heading
        is left out of the tree, as the one on the first page heads them all.
        """
        table: pydyf.Dictionary | None = None
        for parent, part in list(self._tables(self._document)):
            sections = self._children(part)
            if table is None or sections[0]["S"] == "/Caption":
                table = part
                continue
            for section in sections:
                if section["S"] != "/THead":
                    section["P"] = table.reference
                    table["K"].append(section.reference)
            parent["K"].remove(part.reference)

    def _tables(self, parent: pydyf.Dictionary) -> Iterator[tuple[pydyf.Dictionary, pydyf.Dictionary]]:
        for child in self._children(parent):
            if child.get("S") == "/Table":
                yield parent, child
            elif "K" in child:
                yield from self._tables(child)

    def _tidy(self, element: pydyf.Dictionary, scope: str = "/Row") -> set[tuple[int, int]]:
        """Give heading cells their scope and drop elements that say nothing; return what is tagged.

        Tagged content is named by its page and its number on that page.
        """
        self._kept.add(element.number)
        tagged: set[tuple[int, int]] = set()
        kids = pydyf.Array()
        if element["S"] == "/THead":
            scope = "/Column"
        for kid in element["K"]:
            if isinstance(kid, int):
                tagged.add((self._pages[element["Pg"]], kid))
                kids.append(kid)
                continue
            child = self._object(kid)
            if child["Type"] == "/OBJR":
                kids.append(kid)
                continue
            tagged |= self._tidy(child, scope)
            if child["S"] in ("/NonStruct", "/Span") and child["Pg"] == element.get("Pg"):
                self._adopt(element, child["K"])
                kids.extend(child["K"])
                child.clear()
            else:
                kids.append(kid)
        element["K"] = kids
        if element["S"] == "/Figure":
            self._measure(element)
        elif element["S"] == "/TH":
            element["A"]["Scope"] = scope
            element.pop("ID", None)
        elif element["S"] == "/TD":
            element["A"].pop("Headers", None)  # the scope of the heading cells says it
        return tagged

    def _measure(self, figure: pydyf.Dictionary) -> None:
        """Say where a figure stands in points from the foot of its page; it came in pixels from the top."""
        height = self._object(figure["Pg"])["MediaBox"][3]
        left, top, right, foot = (side * 0.75 for side in figure["A"]["BBox"])
        figure["A"]["BBox"] = pydyf.Array((left, height - foot, right, height - top))

    def _adopt(self, element: pydyf.Dictionary, kids: list[int | bytes]) -> None:
        for kid in kids:
            if isinstance(kid, int):
                self._owners[self._pages[element["Pg"]]][kid] = element.reference
            elif (child := self._object(kid))["Type"] == "/StructElem":
                child["P"] = element.reference

    def _mark_page_furniture(self, tagged: set[tuple[int, int]]) -> None:
        """Mark every piece of content outside the tree as an artifact of the page."""
        for reference, page in self._pages.items():
            content = self._object(self._object(reference)["Contents"]).stream
            for position, item in enumerate(content):
                if not isinstance(item, pydyf.Dictionary) or "MCID" not in item:
                    continue
                if (page, item["MCID"]) not in tagged:
                    self._owners[page][item["MCID"]] = "null"
                    content[position - 1] = "/Artifact"
                    content[position] = pydyf.Dictionary({"Type": "/Pagination"})

    def _empty_what_is_left_over(self) -> None:
        """Empty the elements that no longer belong to the tree; their numbers stay taken."""
        for thing in self._pdf.objects:
            belongs = thing.number in self._kept
            if isinstance(thing, pydyf.Dictionary) and thing.get("Type") == "/StructElem" and not belongs:
                thing.clear()
