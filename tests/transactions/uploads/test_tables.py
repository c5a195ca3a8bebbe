"""What is no table is refused in words, before it is unpacked, and without quoting what it holds."""

import io
import struct
import zipfile

import openpyxl
import pytest

from tests.transactions.uploads.conftest import workbook
from transactions.uploads import tables
from transactions.uploads.tables import TableRefused, open_tables

CANARY = "Canary-Patron-4711"


def rows_of(content: bytes) -> list[list[str]]:
    with open_tables(content) as found:
        return [[tables.text_of(cell) for cell in cells] for _, cells in found[0].rows()]


def refusal_of(content: bytes) -> str:
    with pytest.raises(TableRefused) as refused:
        rows_of(content)
    return str(refused.value)


def repacked(
    content: bytes, *, replace: dict[str, bytes] | None = None, add: dict[str, bytes] | None = None
) -> bytes:
    """Return a workbook with other parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, (replace or {}).get(info.filename) or old.read(info))
        for name, part in (add or {}).items():
            new.writestr(name, part)
    return file.getvalue()


def test_an_empty_file_is_refused():
    for content in (b"", b"\xef\xbb\xbf", b" \r\n\t\n"):
        assert "empty" in refusal_of(content)


def test_an_empty_workbook_is_refused():
    assert "empty" in refusal_of(workbook([]))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7 Canary-Patron-4711", "PDF"),
        (b"<html><table><tr><td>Canary-Patron-4711", "web page"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "old kind"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"PK\x03\x04 Canary-Patron-4711 is no archive", "no Excel workbook"),
        (b"abc\x00\x01\x02\x00Canary-Patron-4711", "neither a text file"),
    ],
)
def test_what_is_no_table_is_refused_without_quoting_it(content, words):
    message = refusal_of(content)

    assert words in message
    assert CANARY not in message


def test_a_zip_that_is_no_workbook_is_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("hello.txt", "hello")

    assert "no Excel workbook" in refusal_of(file.getvalue())


def test_a_damaged_workbook_is_refused_without_quoting_it():
    good = workbook([["Library", "Loans"], [CANARY, 1]])
    open_row = b"<worksheet><sheetData><row><c>" + CANARY.encode()
    for broken in (
        good[: len(good) // 2],
        repacked(good, replace={"xl/worksheets/sheet1.xml": open_row}),
        repacked(good, replace={"xl/workbook.xml": b"<workbook/>"}),
    ):
        assert CANARY not in refusal_of(broken)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    good = workbook([["Library", "Loans"], ["Avon", 1]])
    bomb = repacked(good, add={"xl/media/bomb.bin": b"0" * 60_000_000})
    assert len(bomb) < 100_000
    monkeypatch.setattr(zipfile.ZipExtFile, "read", lambda *args: pytest.fail("it was unpacked"))

    assert "unpacks to far more" in refusal_of(bomb)


def test_a_zip_bomb_that_lies_about_its_size_is_refused():
    good = workbook([["Library", "Loans"], ["Avon", 1]])
    sheet = b"<worksheet><sheetData>" + b"<row><c><v>1</v></c></row>" * 3_000_000
    bomb = bytearray(repacked(good, replace={"xl/worksheets/sheet1.xml": sheet}))
    told = struct.pack("<L", len(sheet))
    place = bomb.find(told)
    while place != -1:
        bomb[place : place + 4] = struct.pack("<L", 4_000)
        place = bomb.find(told)

    assert "no Excel workbook" in refusal_of(bytes(bomb))


def test_many_parts_and_parts_of_one_name_are_refused():
    good = workbook([["Library", "Loans"], ["Avon", 1]])

    assert "unpacks" in refusal_of(repacked(good, add={f"x/{number}.bin": b"1" for number in range(2_100)}))
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = repacked(good, add={"xl/workbook.xml": b"<workbook/>"})
    assert "unpacks" in refusal_of(twice)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("before", ["", f"<!--{'x' * 5_000}-->"], ids=["at once", "behind a comment"])
def test_entities_are_refused(encoding, before, monkeypatch):
    good = workbook([["Library", "Loans"], ["Avon", 1]])
    laughs = f'{before}<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><sst>&b;</sst>'.encode(encoding)
    monkeypatch.setattr(tables.openpyxl, "load_workbook", lambda *args, **more: pytest.fail("it was opened"))

    assert "no Excel workbook" in refusal_of(repacked(good, replace={"xl/worksheets/sheet1.xml": laughs}))


def test_too_many_columns_are_refused():
    assert "more than 500 columns" in refusal_of(b",".join([b"Avon"] * 600))


def test_too_many_rows_are_refused(monkeypatch):
    monkeypatch.setattr(tables, "MOST_ROWS", 100)

    assert "more than 100 rows" in refusal_of(b"Avon,1\n" * 101)
    assert "more than 100 rows" in refusal_of(workbook([["Avon", 1]] * 101))


def test_a_quotation_mark_that_does_not_close_is_refused_with_its_line():
    text = b'Title,Library\nA,Avon\n"B,Canton\nC,Darien\nD",Avon\n'

    assert "line 3" in refusal_of(text)


def test_what_a_sheet_says_of_its_own_size_is_not_believed():
    good = workbook([["Library", "Loans"], ["Avon", 1], ["Canton", 2]])
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").replace(b'ref="A1:B3"', b'ref="A1:A1"')

    assert len(rows_of(repacked(good, replace={"xl/worksheets/sheet1.xml": sheet}))) == 3


def test_hidden_sheets_are_not_read():
    book = openpyxl.load_workbook(io.BytesIO(workbook([["Library", "Loans"], ["Avon", 1]])))
    hidden = book.create_sheet("Patrons")
    hidden.append([CANARY])
    hidden.sheet_state = "hidden"
    file = io.BytesIO()
    book.save(file)

    with open_tables(file.getvalue()) as found:
        assert [table.name for table in found] == ["Sheet1"]
