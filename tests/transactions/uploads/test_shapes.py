"""Tables of every shape that libraries have, each read to the right counts or refused in words."""

import csv
import io
import random
from datetime import date, datetime

import pytest

from tests.transactions.uploads.conftest import HALF, LIBRARIES, NAMES, workbook
from transactions.rules.filing_checks import NOT_COUNTED
from transactions.uploads.shapes import read_tables
from transactions.uploads.tables import TableRefused, open_tables

MARCH, APRIL = HALF[:2]
LIST = "Home library,Loans\nAvon,12\nCanton Public Library,3\nDarien Library,7\n"


def by_label(reading) -> dict[tuple[str, str], object]:
    return {
        (label, f"{month:%Y-%m}" if month else ""): loans for (label, month), loans in reading.counts.items()
    }


# A list


def test_a_list_gives_a_number_for_each_label(read):
    assert by_label(read(LIST)) == {
        ("Avon", ""): 12,
        ("Canton Public Library", ""): 3,
        ("Darien Library", ""): 7,
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_encoding_and_delimiter_gives_the_same(read, encoding, delimiter):
    text = "Bibliothèque – home library,Loans\r\nAvon,12\r\nCanton,3\r\n".replace(",", delimiter)

    assert by_label(read(text.encode(encoding))) == {("Avon", ""): 12, ("Canton", ""): 3}


def test_quoted_cells_and_thousands_are_read(read):
    text = 'Home library;Loans\n"Avon";"1,234"\n"Canton, Town of";"1,234.0"\n"Darien";""\n'

    assert by_label(read(text)) == {
        ("Avon", ""): 1234,
        ("Canton, Town of", ""): 1234,
        ("Darien", ""): None,
    }


def test_a_pasted_list_without_headings_is_read(read):
    assert by_label(read("Avon\t1,234\nCanton\t3\n")) == {("Avon", ""): 1234, ("Canton", ""): 3}


def test_a_list_with_months_is_read(read):
    text = "Month,Town,Checkouts\n2026-03,Avon,12\n3/1/2026,Canton,4\nApr 2026,Avon,0\n2025-03,Avon,99\n"

    reading = read(text)

    assert by_label(reading) == {("Avon", "2026-03"): 12, ("Canton", "2026-03"): 4, ("Avon", "2026-04"): 0}
    assert reading.outside == {"March 2025": 99}


def test_a_row_of_totals_is_compared_and_left_out(read):
    good = read(LIST + "Grand Total,22\n")
    wrong = read(LIST + "TOTAL,25\n")

    assert good.labels == ["Avon", "Canton Public Library", "Darien Library"]
    assert good.problems == []
    assert "row of totals" in good.notes[0]
    assert "add up to 22" in wrong.problems[0].why


@pytest.mark.parametrize(
    ("cell", "why"),
    [("-3", "below zero"), ("twelve", "whole number"), ("1.5", "whole number"), ("1.234", "whole number")],
)
def test_a_cell_that_is_no_count_is_a_problem_of_its_own(read, cell, why):
    reading = read(LIST + f"Essex Library,{cell}\n")

    (problem,) = reading.problems
    assert "line 5, column B (Loans)" in problem.where
    assert why in problem.why
    assert ("Essex Library", None) not in reading.counts
    assert len(reading.counts) == 3


def test_not_counted_is_read_as_such(read):
    assert read(LIST + "Essex Library,n/c\n").counts["Essex Library", None] is NOT_COUNTED


def test_a_repeated_label_is_noted_and_added_up_only_on_request(read):
    reading = read(LIST + "avon,5\n")

    assert reading.repeated == ["avon"]


def test_an_unquoted_thousands_comma_never_makes_another_number(read):
    reading = read(LIST + "Essex Library,1,234\n")

    assert ("Essex Library", None) not in reading.counts
    assert "comma" in reading.problems[0].why


# A grid


def test_todays_form_with_titles_merged_headings_and_totals_is_read(read):
    content = workbook(
        [
            ["borrowIT CT loan report", None, None, None, None, None],
            ["Bethel Public Library, March 2026 to August 2026"],
            [None, None, 2026, None, None, None],
            ["Home library", "Town", "Mar", "Apr", "May", "Total"],
            ["Avon Free Public Library", "Avon", 12, 3.0, None, 15],
            ["Hartford county"],
            ["Canton Public Library", "Canton", "1,234", "1,234.0", 0, 2468],
            ["Darien Library", "Darien", "n/c", 2, 1, 3],
            ["Total", None, 1246, 1239, 1, 2486],
        ],
        merged=["A1:F1", "C3:E3"],
    )

    reading = read(content)

    assert reading.is_grid
    assert reading.problems == []
    assert by_label(reading) == {
        ("Avon Free Public Library", "2026-03"): 12,
        ("Avon Free Public Library", "2026-04"): 3,
        ("Avon Free Public Library", "2026-05"): None,
        ("Canton Public Library", "2026-03"): 1234,
        ("Canton Public Library", "2026-04"): 1234,
        ("Canton Public Library", "2026-05"): 0,
        ("Darien Library", "2026-03"): NOT_COUNTED,
        ("Darien Library", "2026-04"): 2,
        ("Darien Library", "2026-05"): 1,
    }


def test_months_of_another_year_above_the_headings_are_not_taken_for_ours(read):
    reading = read(",2025,\nHome library,Mar,Apr\nAvon,12,3\nCanton,1,1\n")

    assert reading.counts == {}
    assert reading.outside == {"March 2025": 13, "April 2025": 4}


def test_a_title_of_another_year_is_pointed_out(read):
    reading = read("Loans in 2024-2025 (FY 2025)\nHome library,March,April\nAvon,12,3\n")

    assert "2024, 2025" in reading.problems[0].what


def test_real_dates_as_headings_are_months(read):
    content = workbook(
        [["Library", datetime(2026, 3, 1), datetime(2026, 4, 1)], ["Avon", 1, 2], ["Canton", 3, 4]]
    )

    assert by_label(read(content))["Canton", "2026-04"] == 4


def test_two_columns_of_one_month_are_refused(read):
    with pytest.raises(TableRefused, match="2 columns are headed March 2026"):
        read("Library,March,March,April\nAvon,1,2,3\n")


def test_negative_and_text_in_a_grid_name_their_cells(read):
    reading = read("Library,Mar 2026,Apr 2026\nAvon,-1,x2\nCanton,1,2\n")

    assert [problem.where for problem in reading.problems] == [
        "line 2, column B (Mar 2026)",
        "line 2, column C (Apr 2026)",
    ]
    assert by_label(reading) == {("Canton", "2026-03"): 1, ("Canton", "2026-04"): 2}


def test_a_wrong_total_points_at_its_cell(read):
    reading = read("Library,Mar 2026,Apr 2026,Total\nAvon,1,2,4\nCanton,1,2,3\nTotals,2,5,7\n")

    assert [problem.where for problem in reading.problems] == ["line 2, column D", "line 4, column C"]


def test_a_formula_without_a_value_names_its_cell(read):
    content = workbook(
        [
            ["Library", "Mar 2026", "Apr 2026"],
            ["Avon", "=1+1", 2],
            ["Canton", 3, 4],
            ["Total", "=SUM(B2:B3)", 6],
        ]
    )

    reading = read(content)

    (problem,) = reading.problems
    assert problem.where == "line 2, column B (Mar 2026)"
    assert "formula" in problem.what
    assert ("Avon", MARCH) not in reading.counts


def test_a_block_with_names_and_no_headings_fills_the_months_in_order(read):
    reading = read("Avon\t1\t2\t3\t4\t5\t6\nCanton\t1\t1\t1\t1\t1\t1\n")

    assert by_label(reading)["Avon", "2026-08"] == 6
    assert "no headings" in reading.notes[0]


def test_a_block_with_too_few_columns_and_no_headings_is_refused(read):
    with pytest.raises(TableRefused, match="no headings"):
        read("Avon\t1\t2\t3\nCanton\t1\t1\t1\n")


# An export of single loans


def patron_rows(number: int, *, seed: int = 7):
    """Yield rows of an export: patron, barcode, title, home library, checkout, due date."""
    chance = random.Random(seed)
    first = ["Anna", "Chester", "Warren", "Maria", "Clinton", "José", "Madison", "Lee"]
    last = ["Smith", "Hamilton", "Granby", "Nguyen", "Franklin", "O'Neil", "Easton", "Brown"]
    for count in range(number):
        home = chance.choice(LIBRARIES)
        day = date(2026, chance.randint(3, 8), chance.randint(1, 28))
        yield (
            f"{chance.choice(last)}, {chance.choice(first)}",
            f"2{count:013d}",
            f"A title, with a comma, no. {count}",
            home.name,
            f"{day:%m/%d/%Y} 10:{count % 60:02d} AM",
            f"{date(2027, 1, 1):%m/%d/%Y}",
            "Bethel Public Library",
        )


HEADINGS = (
    "Patron",
    "Barcode",
    "Title",
    "Patron Home Library",
    "Checkout Date",
    "Due Date",
    "Checkout Location",
)


def export(number: int) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADINGS)
    writer.writerows(patron_rows(number))
    return text.getvalue().encode()


def test_an_export_of_100_000_loans_is_counted(read):
    content = export(100_000)
    expected: dict[tuple[str, date], int] = {}
    for row in patron_rows(100_000):
        month = date(int(row[4][6:10]), int(row[4][:2]), 1)
        expected[row[3], month] = expected.get((row[3], month), 0) + 1

    reading = read(content)

    assert reading.counts == expected
    assert reading.problems == []


def test_an_export_in_another_order_of_columns_gives_the_same(read):
    rows = list(patron_rows(500))
    order = [4, 0, 6, 3, 5, 2, 1]
    content = workbook(
        [[HEADINGS[place] for place in order], *[[row[place] for place in order] for row in rows]]
    )

    reading = read(content)

    assert sum(reading.counts.values()) == 500
    assert set(reading.labels) <= set(NAMES.values())


def test_an_export_of_50_megabytes_is_counted(read):
    content = export(360_000)
    content += b"\n" * (50_000_000 - len(content))

    assert sum(read(content).counts.values()) == 360_000


def test_more_than_60_megabytes_are_refused(read):
    with pytest.raises(TableRefused, match="larger than 60 MB"):
        read(b"Home library\n" + b"Avon\n" * 12_500_000)


def test_names_of_patrons_are_never_taken_for_home_libraries(read):
    rows = [["Last name", "Checkouts"], *[[row[0].split(",")[0], 1] for row in patron_rows(300)]]

    with pytest.raises(TableRefused, match="No column of this table names home libraries") as refused:
        read(workbook(rows))

    assert "Nguyen" not in str(refused.value)


def test_a_column_of_surnames_that_are_towns_is_never_chosen(read):
    names = ["Kent", "Warren", "Chester", "Clinton", "Sherman", "Preston", "Smith"] * 6
    towns = ["Avon", "Canton", "Darien"] * 14
    rows = [f"{name},{town},2026-03-04" for name, town in zip(names, towns, strict=True)]

    reading = read("\n".join(["Last name,Town,Date", *rows]))

    assert by_label(reading) == {(town, "2026-03"): 14 for town in ("Avon", "Canton", "Darien")}
    with pytest.raises(TableRefused, match="No column"):
        read("\n".join(["Last name,First name", *[f"{name},Jo" for name in names]]))


def test_a_cardholder_s_library_is_no_owning_library(read):
    rows = ["Avon,Canton,2026-03-04", "Darien,Avon,2026-03-05", "Kent,Avon,2026-03-05"] * 9

    reading = read("\n".join(["Cardholder library,Owning library,Checkout date", *rows]))

    assert reading.labels == ["Avon", "Darien", "Kent"]


def test_days_written_before_months_are_read_alike_in_the_whole_column(read):
    days = [f"Avon,{day:02}/04/2026" for day in range(1, 29)]

    assert by_label(read("\n".join(["Patron library,Checkout date", *days]))) == {("Avon", "2026-04"): 28}
    numbers = ["Avon,05/04/2026,3", "Canton,14/04/2026,4", "Darien,05/04/2026,6"]
    assert by_label(read("\n".join(["Library,Month,Loans", *numbers]))) == {
        ("Avon", "2026-04"): 3,
        ("Canton", "2026-04"): 4,
        ("Darien", "2026-04"): 6,
    }


def test_stamps_of_time_are_days(read):
    rows = [f"Avon,2026-04-{day:02}T10:00:00Z" for day in range(1, 29)]

    assert by_label(read("\n".join(["Patron library,Checkout date", *rows]))) == {("Avon", "2026-04"): 28}


def test_a_file_of_other_months_says_of_which(read):
    reading = read("Library,Month,Loans\nAvon,2025-03,4\nCanton,2025-03,5\n")

    assert (reading.counts, reading.outside) == ({}, {"March 2025": 9})


def test_numbers_of_loans_are_never_passed_over_unseen(read):
    large = read("Library,Loans\nAvon,20000000\nCanton,30000000\nDarien,3\n")
    bad = read(
        workbook([["Library", "Loans"], ["Avon", True], ["Canton", 3], ["Darien", "x"], ["Kent", "y"]])
    )

    assert sum(large.counts.values()) == 50_000_003
    assert "each row was counted as one loan" in bad.problems[0].why


@pytest.mark.parametrize("text", ["Avon   12\nCanton   3\nDarien   4", "Avon 12\nCanton 3\nDarien 4"])
def test_a_printed_list_parted_by_spaces_is_read(read, text):
    assert by_label(read(text)) == {("Avon", ""): 12, ("Canton", ""): 3, ("Darien", ""): 4}


@pytest.mark.parametrize("cell", ["12 Main Street", "21234567890123", "Doe 4711"])
def test_a_cell_that_may_be_of_a_patron_is_not_quoted(read, cell):
    reading = read(f"Library,Loans\nAvon,1\nCanton,2\nDarien,3\nKent,{cell}\n")

    assert reading.problems[0].what == "text"
    assert cell not in str(reading)


def test_a_slip_of_the_finger_is_quoted(read):
    reading = read("Library,Loans\nAvon,1\nCanton,2\nDarien,3\nKent,35O\n")

    assert reading.problems[0].what == "“35O”"


def test_marks_without_a_shape_are_no_part_of_a_label(read):
    reading = read("Library,Mar 2026\nAv\u200bon,1\nCan\u00adton,3\n\ufeffDarien,2\nKent\x0b,4\n")

    assert reading.labels == ["Avon", "Canton", "Darien", "Kent"]


def test_a_very_long_heading_is_cut(read):
    reading = read(f"Library {'x' * 100_000},Loans{' ' * 100_000}y\nAvon,-1\nCanton,2\nDarien,3\n")

    assert len(repr(reading)) < 2_000


def test_a_line_whose_cells_moved_is_not_counted(read):
    lines = ["Title,Patron Home Library,Checkout Date", *["A title,Avon,3/1/2026"] * 10]

    reading = read("\n".join([*lines, "A title, with a comma,Smith Avon,Avon,3/1/2026"]))

    assert by_label(reading) == {("Avon", "2026-03"): 10}
    assert "line 12" in reading.problems[0].where


def test_renewals_and_returns_in_an_export_are_left_out(read):
    lines = ["Transaction type,Patron library,Transaction date"]
    lines += ["Check out,Avon,2026-03-04"] * 6 + ["Renewal,Avon,2026-03-09"] * 4
    lines += ["Check in,Canton,2026-04-01"] * 3 + ["Check out,Canton,2026-04-02"]

    reading = read("\n".join(lines))

    assert by_label(reading) == {("Avon", "2026-03"): 6, ("Canton", "2026-04"): 1}
    assert "7 rows are no loans" in reading.notes[0]


def test_two_columns_of_places_are_both_offered(wanted):
    lines = ["First place,Second place"]
    lines += [f"{a},{b}" for a, b in [("Avon", "Canton"), ("Canton", "Avon"), ("Darien", "Avon")] * 20]
    with open_tables("\n".join(lines).encode()) as tables:
        readings = read_tables(tables, wanted)

    assert [reading.said for reading in readings] == [
        "home libraries in the column “First place”, each row counted as one loan",
        "home libraries in the column “Second place”, each row counted as one loan",
    ]


def test_rows_without_a_home_library_or_day_are_said(read):
    lines = ["Patron home library,Checkout date", *["Avon,2026-03-04"] * 9, ",2026-03-04", "Avon,soon"]

    reading = read("\n".join(lines))

    assert by_label(reading) == {("Avon", "2026-03"): 9}
    assert "1 rows name no home library" in reading.notes[0]
    assert "1 rows" in reading.problems[0].what


def test_what_looks_like_a_person_among_libraries_is_not_shown(read):
    lines = ["Patron home library,Checkout date", *["Avon,2026-03-04"] * 9, '"Doe, Jane",2026-03-04']

    reading = read("\n".join(lines))

    assert reading.labels == ["Avon"]
    assert "Doe" not in str(reading)
