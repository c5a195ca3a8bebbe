"""What must be true of every PDF that we publish, as assertions to reuse.

These stand in for a PDF/UA validator: they check what the standard asks of documents like ours (tables,
headings, text, charts and links; no forms). `outloud` looks at the same files with other eyes.
"""

import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import outloud
import pikepdf
from outloud.model import Document

LETTER = (612, 792)
INK_FREE_MARGIN = 110
"""Points from the top or bottom edge within which page furniture stands (a repeated table head included)."""


def assert_good_structure(pdf: bytes) -> None:
    """Assert everything below of one document."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert_named_and_tagged(document)
        assert_letter_pages(document)
        assert_fonts_embedded(document)
        assert_all_content_tagged_or_artifact(document)
        assert_headings(document)
        assert_tables(document)
        assert_bookmarks(document)
        assert_figures(document)
        assert_links(document)


def elements(document: pikepdf.Pdf) -> Iterator[pikepdf.Dictionary]:
    """Yield every structure element in reading order."""

    def walk(element: pikepdf.Dictionary) -> Iterator[pikepdf.Dictionary]:
        yield element
        for kid in children(element):
            assert kid.P.objgen == element.objgen, f"{kid.S} names another parent than {element.S}"
            yield from walk(kid)

    for top in document.Root.StructTreeRoot.K:
        yield from walk(top)


def children(element: pikepdf.Dictionary) -> list[pikepdf.Dictionary]:
    """Return the structure elements directly inside element."""
    kids = element.get("/K", [])
    kids = list(kids) if isinstance(kids, pikepdf.Array) else [kids]
    return [kid for kid in kids if isinstance(kid, pikepdf.Dictionary) and kid.get("/S") is not None]


def tables(document: pikepdf.Pdf) -> list[pikepdf.Dictionary]:
    """Return every table, one for each table of the page it was made from."""
    return [element for element in elements(document) if element.S == "/Table"]


def rows(table: pikepdf.Dictionary) -> list[pikepdf.Dictionary]:
    """Return the rows of a table, heading rows first."""
    return [row for section in children(table) if section.S != "/Caption" for row in children(section)]


def assert_named_and_tagged(document: pikepdf.Pdf) -> None:
    root = document.Root
    assert bool(root.MarkInfo.Marked)
    assert str(root.Lang) == "en-US"
    assert bool(root.ViewerPreferences.DisplayDocTitle)
    assert str(document.docinfo["/Title"]).strip()
    with document.open_metadata() as metadata:
        assert metadata["pdfuaid:part"] == "1"
        assert metadata["dc:title"] == str(document.docinfo["/Title"])


def assert_letter_pages(document: pikepdf.Pdf) -> None:
    for number, page in enumerate(document.pages, start=1):
        size = tuple(sorted(round(float(side)) for side in page.mediabox[2:]))
        assert size == LETTER, f"page {number} is {size}, not letter"
        assert page.obj.get("/Tabs") == "/S"


def assert_fonts_embedded(document: pikepdf.Pdf) -> None:
    """Every font is in the file, and is the one that we ship: the same on any machine."""
    fonts = {font.objgen: font for page in document.pages for font in page.obj.Resources.Font.values()}
    assert fonts
    for font in fonts.values():
        (descendant,) = font.DescendantFonts
        descriptor = descendant.FontDescriptor
        assert any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3")), font.BaseFont
        assert "/ToUnicode" in font
        assert "Public-Sans" in str(font.BaseFont), f"{font.BaseFont} is not a font that we ship"


def assert_all_content_tagged_or_artifact(document: pikepdf.Pdf) -> None:
    """Each marked piece is in the tree exactly once, or is an artifact; no text is unmarked."""
    pages = {page.objgen: index for index, page in enumerate(document.pages)}
    tagged: Counter[tuple[int, int]] = Counter()
    for element in elements(document):
        for kid in element.get("/K", []):
            if isinstance(kid, int):
                tagged[pages[element.Pg.objgen], kid] += 1
    parents = dict(zip(*(iter(list(document.Root.StructTreeRoot.ParentTree.Nums)),) * 2, strict=True))
    seen = set()
    for index, page in enumerate(document.pages):
        open_marks: list[tuple[str, int | None]] = []
        for operands, operator in pikepdf.parse_content_stream(page):
            name = str(operator)
            if name in ("BDC", "BMC"):
                properties = operands[1] if name == "BDC" else {}
                mcid = int(properties["/MCID"]) if "/MCID" in properties else None
                open_marks.append((str(operands[0]), mcid))
                if mcid is not None:
                    assert (index, mcid) in tagged, f"page {index + 1}: content {mcid} is not in the tree"
                    seen.add((index, mcid))
                else:
                    assert str(operands[0]) == "/Artifact"
            elif name == "EMC":
                open_marks.pop()
            elif name in ("Tj", "TJ", "'", '"'):
                assert open_marks, f"page {index + 1}: text is neither tagged nor an artifact"
    assert set(tagged) == seen
    assert set(tagged.values()) == {1}
    for index, mcid in tagged:
        owner = parents[index][mcid]
        assert any(kid == mcid for kid in owner.K if isinstance(kid, int)), "the parent tree disagrees"


def assert_headings(document: pikepdf.Pdf) -> None:
    """One H1, first; no level skipped."""
    levels = [int(str(e.S)[2]) for e in elements(document) if re.fullmatch(r"/H[1-6]", str(e.S))]
    assert levels
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def assert_tables(document: pikepdf.Pdf) -> None:
    """Each table has its caption first, one head at most, scopes, and rows of one width."""
    for table in tables(document):
        sections = [str(section.S) for section in children(table)]
        assert sections[0] == "/Caption", "a table begins without a caption"
        assert sections.count("/Caption") == 1
        assert sections.count("/THead") <= 1
        widths = set()
        for section in children(table)[1:]:
            wanted = "/Column" if section.S == "/THead" else "/Row"
            for row in children(section):
                assert row.S == "/TR"
                widths.add(sum(int(cell.A.get("/ColSpan", 1)) for cell in children(row)))
                for cell in children(row):
                    assert cell.S in ("/TH", "/TD")
                    if cell.S == "/TH":
                        assert cell.A.Scope == wanted
        assert len(widths) == 1, f"rows of different widths: {widths}"


def assert_bookmarks(document: pikepdf.Pdf) -> None:
    with document.open_outline() as outline:
        assert len(outline.root) == 1
        assert str(outline.root[0].title).strip()


def assert_figures(document: pikepdf.Pdf) -> None:
    """Each figure says in words what it shows, and where it stands on its page."""
    for figure in elements(document):
        if figure.S != "/Figure":
            continue
        assert len(str(figure.Alt)) > 20, "a figure without words"
        left, foot, right, top = (float(side) for side in figure.A.BBox)
        width, height = (float(side) for side in figure.Pg.MediaBox[2:])
        assert 0 <= left < right <= width
        assert 0 <= foot < top <= height


def assert_links(document: pikepdf.Pdf) -> None:
    """Each link is in the tree, says in words where it leads, and is printed."""
    tagged = {
        kid.Obj.objgen
        for element in elements(document)
        for kid in element.get("/K", [])
        if isinstance(kid, pikepdf.Dictionary) and kid.get("/Type") == "/OBJR"
    }
    for page in document.pages:
        for link in page.obj.get("/Annots", []):
            assert link.objgen in tagged, "a link is not in the tree"
            assert str(link.get("/Contents", "")).strip(), "a link without words"
            assert int(link.F) & 4


def assert_page_numbers(pdf: bytes, path) -> None:
    """Every page says "Page x of y" as page furniture, and furniture stands only at the edges."""
    path.write_bytes(pdf)
    document = Document(str(path))
    try:
        total = len(document.pages)
        for page in document.pages:
            artifacts = [line for line in document.content(page.index).lines if line.artifact_share >= 0.8]
            assert any(f"Page {page.index + 1} of {total}" in line.text for line in artifacts)
            for line in artifacts:
                top, bottom = line.bbox[3], line.bbox[1]
                assert bottom > page.height - INK_FREE_MARGIN or top < INK_FREE_MARGIN, line.text
    finally:
        document.close()


def outloud_findings(pdf: bytes, path) -> list[str]:
    """Return what outloud finds, errors and warnings.

    Its TAG-002 is left out for one or two pages only: there it takes the foot of the page for prose, as it
    knows furniture by its repetition. `assert_page_numbers` checks that furniture by its place.
    """
    path.write_bytes(pdf)
    with pikepdf.open(path) as document:
        skip = {"TAG-002"} if len(document.pages) <= 2 else None
    result = outloud.check(str(path), skip=skip)
    assert result.error is None, result.error
    return [
        f"{f.rule} page {f.page}: {f.message}" for f in result.findings if f.severity in ("error", "warning")
    ]
