"""The pages of upload and paste through the real client: read, ask, show, save, remember."""

import csv
import io
import re
from datetime import date

import openpyxl
import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from connecticard import clock
from connecticard.models import AuditEvent, Role
from libraries.models import Library
from libraries.roster import load_roster
from tests.factories import make_counts, make_filing, make_period, make_signed_in_client
from tests.transactions.uploads.conftest import workbook
from transactions.models import LabelMapping
from transactions.uploads.tables import LARGEST_FILE

pytestmark = pytest.mark.django_db

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
CANARY = "Canary Patron 4711"


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = date(2026, 9, 5)


@pytest.fixture
def roster(db):
    load_roster()
    return {library.key: library for library in Library.objects.select_related("town")}


@pytest.fixture
def bethel(roster):
    return roster["CT0010"]


@pytest.fixture
def draft(bethel):
    return make_filing(bethel, make_period())


@pytest.fixture
def filer(bethel):
    return make_signed_in_client(Role.LIBRARY_FILER, bethel)


@pytest.fixture
def address(draft):
    return reverse("transactions:filing_upload", args=[draft.pk])


def paste(client, address, text, **more):
    return client.post(address, {"step": "read", "text": text, **more})


def send(client, address, content, name="loans.csv"):
    return client.post(address, {"step": "read", "file": SimpleUploadedFile(name, content)})


def carried(response) -> str:
    return re.search(r'name="upload"\s+value="([^"]+)"', response.text)[1]


def go_on(client, address, response, step, **answers):
    hidden = re.findall(r'name="(revision|shown)"\s+value="([0-9a-f]+)"', response.text)
    return client.post(address, {"step": step, "upload": carried(response), **dict(hidden), **answers})


def counts_of(filing) -> dict[tuple[str, str], int | None]:
    return {
        (key, f"{month:%Y-%m}" if month else ""): loans
        for key, month, loans in filing.loan_counts.values_list("home_library__key", "month", "loans")
    }


GRID = "Home library\tMar 2026\tApr 2026\nAvon\t12\t3\nCanton Public Library\t1,234\t\n"


def test_a_pasted_grid_is_shown_and_then_saved(filer, address, draft):
    shown = paste(filer, address, GRID)

    assert shown.status_code == 200
    assert "Nothing is saved yet" in shown.text
    assert counts_of(draft) == {}

    saved = go_on(filer, address, shown, "save")

    assert saved.status_code == 302
    assert counts_of(draft) == {
        ("CT0004", "2026-03"): 12,
        ("CT0004", "2026-04"): 3,
        ("CT0024", "2026-03"): 1234,
    }
    draft.refresh_from_db()
    assert (draft.status, draft.revision) == ("draft", 1)


def test_cells_that_the_file_does_not_name_stay_unless_all_is_replaced(filer, address, draft, roster):
    make_counts(draft, {(roster["CT0035"], MARCH): 7, (roster["CT0024"], APRIL): 5})
    shown = paste(filer, address, GRID)

    assert "1 becomes blank" in shown.text  # Canton's April is blank in the table
    go_on(filer, address, shown, "save")
    assert counts_of(draft)["CT0035", "2026-03"] == 7
    assert ("CT0024", "2026-04") not in counts_of(draft)

    shown = go_on(filer, address, paste(filer, address, GRID), "show", mode="everything")
    go_on(filer, address, shown, "save", mode="everything")
    assert ("CT0035", "2026-03") not in counts_of(draft)


def test_somebody_elses_save_is_shown_before_anything_is_overwritten(filer, address, draft, roster):
    shown = paste(filer, address, GRID)
    make_counts(draft, {(roster["CT0004"], MARCH): 99})
    type(draft).objects.filter(pk=draft.pk).update(revision=1)

    again = go_on(filer, address, shown, "save")

    assert again.status_code == 409
    assert "Somebody else saved this filing" in again.text
    assert "99" in again.text
    assert counts_of(draft) == {("CT0004", "2026-03"): 99}

    assert go_on(filer, address, again, "save").status_code == 302
    assert counts_of(draft)["CT0004", "2026-03"] == 12


def test_what_is_unclear_is_asked_once_remembered_and_undone(filer, address, draft, roster, bethel):
    text = "Town\tMar 2026\nAvon\t1\nMystic\t4\nILL\t9\nStorrs\t2\nDarien\t3\nWilton\t5\n"
    asked = paste(filer, address, text)

    assert "Which home library?" in asked.text
    assert "Storrs" not in asked.text
    names = re.findall(r'name="(label-[0-9]+)"', asked.text)
    assert len(names) == 2
    assert LabelMapping.objects.count() == 0

    unanswered = go_on(filer, address, asked, "answers", **{names[0]: roster["CT0153"].pk})
    assert unanswered.status_code == 422
    assert "Something is still open" in unanswered.text
    shown = go_on(filer, address, unanswered, "answers", **{names[1]: "out"})
    assert "Stonington Free Library" in shown.text
    assert LabelMapping.objects.count() == 0

    go_on(filer, address, shown, "save")
    assert counts_of(draft)["CT0153", "2026-03"] == 4
    assert counts_of(draft)["CT0087", "2026-03"] == 2
    remembered = {mapping.label: mapping.home_library for mapping in bethel.label_mappings.all()}
    assert remembered == {"Mystic": roster["CT0153"], "ILL": None}
    assert AuditEvent.objects.filter(action="label_remembered").count() == 2

    assert "What would change" in paste(filer, address, text).text  # nothing is asked again

    listed = filer.get(reverse("transactions:label_list", args=[bethel.key]))
    assert "Stonington Free Library" in listed.text
    mapping = bethel.label_mappings.get(label="Mystic")
    filer.post(reverse("transactions:label_forget", args=[bethel.key, mapping.pk]))
    assert list(bethel.label_mappings.values_list("label", flat=True)) == ["ILL"]
    assert "Which home library?" in paste(filer, address, text).text


def test_a_town_of_ones_own_is_left_out_with_the_rule(filer, address, draft):
    shown = paste(filer, address, "Town\tMar 2026\nAvon\t1\nBethel\t40\n")

    assert "own library" in shown.text
    assert "§ 11-31c-1(f)" in shown.text
    go_on(filer, address, shown, "save")
    assert counts_of(draft) == {("CT0004", "2026-03"): 1}


def test_how_a_label_was_read_can_be_changed(filer, address, draft, roster):
    shown = paste(filer, address, "Town\tMar 2026\nWethersfeild\t1\nAvon\t2\nDarien\t3\n")
    assert "a misspelling" in shown.text

    every = go_on(filer, address, shown, "labels")
    shown = go_on(filer, address, every, "answers", **{"label-0": roster["CT0104"].pk})
    go_on(filer, address, shown, "save")

    assert counts_of(draft)["CT0104", "2026-03"] == 1
    assert [mapping.label for mapping in LabelMapping.objects.all()] == ["Wethersfeild"]


def test_towns_of_one_library_are_added_up_and_that_is_said(filer, address, draft):
    shown = paste(filer, address, "Town\tMar 2026\nWinchester\t1\nBarkhamsted\t2\nAvon\t3\n")

    assert "Winchester and Barkhamsted were added up" in shown.text
    go_on(filer, address, shown, "save")
    assert counts_of(draft)["CT0178", "2026-03"] == 3


def test_repeated_labels_are_added_up_only_when_that_is_said(filer, address, draft):
    asked = paste(filer, address, "Library\tMar 2026\nAvon\t1\nAVON\t2\nDarien\t3\n")

    assert "stand in several rows" in asked.text
    assert go_on(filer, address, asked, "answers").status_code == 422
    shown = go_on(filer, address, asked, "answers", add_up="yes")
    go_on(filer, address, shown, "save")
    assert counts_of(draft)["CT0004", "2026-03"] == 3


def test_two_names_of_one_library_are_added_up_only_when_that_is_said(filer, address, draft):
    text = "Library\tMar 2026\nAvon\t1\nAvon Free Public Library\t2\nDarien\t3\n"
    asked = paste(filer, address, text)

    assert "Avon and Avon Free Public Library" in asked.text
    go_on(filer, address, go_on(filer, address, asked, "answers", add_up="yes"), "save")
    assert counts_of(draft)["CT0004", "2026-03"] == 3

    loans = "Patron library\tCheckout date\n" + "Avon\t2026-03-04\nAvon Free Public Library\t2026-03-05\n" * 9
    assert "What would change" in paste(filer, address, loans).text  # single loans are parts of a count


def test_nothing_is_saved_that_was_not_shown(filer, address, draft, roster, bethel):
    make_counts(draft, {(roster["CT0035"], MARCH): 7})
    shown = paste(filer, address, GRID)

    shown_now = go_on(filer, address, shown, "save", mode="everything")
    assert "Not saved yet" in shown_now.text
    assert counts_of(draft) == {("CT0035", "2026-03"): 7}
    assert go_on(filer, address, shown_now, "save", mode="everything").status_code == 302
    assert ("CT0035", "2026-03") not in counts_of(draft)

    changed = paste(filer, address, GRID.replace("12", "13"))
    bethel.label_mappings.create(
        label="Avon",
        normal_label="avon",
        home_library=roster["CT0104"],
        said_by=draft.created_by or shown.wsgi_request.user,
        said_at=clock.now(),
    )
    again = go_on(filer, address, changed, "save")
    assert again.status_code == 409
    assert "what a label means" in again.text
    assert counts_of(draft)["CT0004", "2026-03"] == 12


def test_labels_of_any_spelling_can_be_remembered(filer, address, draft, roster, bethel):
    known = "Avon\t1\nKent\t2\nDarien\t3\nWilton\t4\nSimsbury\t5\n"
    text = f"Town\tMar 2026\n{known}{'pl ' * 39}\t7\n???\t8\n---\t9\n"
    asked = paste(filer, address, text)
    answers = dict.fromkeys(re.findall(r'name="(label-[0-9]+)"', asked.text), "out")

    assert len(answers) == 3
    saved = go_on(filer, address, go_on(filer, address, asked, "answers", **answers), "save")

    assert saved.status_code == 302
    assert bethel.label_mappings.count() == 3


def test_more_than_a_count_can_hold_is_refused(filer, address, draft):
    text = "Library\tMar 2026\nAvon\t2000000000\nAVON\t2000000000\nDarien\t3\n"
    asked = paste(filer, address, text)
    shown = go_on(filer, address, asked, "answers", add_up="yes")

    refused = go_on(filer, address, shown, "save")

    assert refused.status_code == 422
    assert "too large" in refused.text
    assert counts_of(draft) == {}


def test_a_file_that_has_no_place_here_says_so(filer, address, draft):
    shown = paste(filer, address, "Library\tMar 2025\nAvon\t1\nCanton\t2\nDarien\t3\n")

    assert "Nothing in the file has a place in this filing" in shown.text
    assert "All loans of March 2025" in shown.text


def test_a_label_that_was_said_to_mean_a_town_of_ones_own_is_left_out(filer, address, draft, bethel):
    asked = paste(filer, address, "Town\tMar 2026\nAvon\t1\nCanton\t3\nXQZ\t2\n")
    (name,) = re.findall(r'name="(label-[0-9]+)"', asked.text)
    shown = go_on(filer, address, asked, "answers", **{name: bethel.pk})

    assert "own library" in shown.text
    go_on(filer, address, shown, "save")
    assert counts_of(draft) == {("CT0004", "2026-03"): 1, ("CT0024", "2026-03"): 3}


def test_a_list_without_months_asks_which_month_and_offers_totals(filer, address, draft):
    asked = paste(filer, address, "Library\tLoans\nAvon\t1\nDarien\t3\n")

    assert "Which month is it?" in asked.text
    assert reverse("transactions:filing_basis", args=[draft.pk]) in asked.text
    shown = go_on(filer, address, asked, "answers", month="2026-04-01")
    go_on(filer, address, shown, "save")
    assert counts_of(draft) == {("CT0004", "2026-04"): 1, ("CT0035", "2026-04"): 3}


def test_a_filing_of_totals_takes_a_list_or_the_sum_of_all_months(filer, address, draft):
    type(draft).objects.filter(pk=draft.pk).update(basis="period_total")

    go_on(filer, address, paste(filer, address, "Library\tLoans\nAvon\t1\nDarien\t3\n"), "save")
    assert counts_of(draft) == {("CT0004", ""): 1, ("CT0035", ""): 3}

    heads = "\t".join(["Library", "Mar", "Apr", "May", "Jun", "Jul", "Aug"])
    go_on(filer, address, paste(filer, address, f"{heads}\nAvon\t1\t1\t1\t1\t1\t2\n"), "save")
    assert counts_of(draft)["CT0004", ""] == 7

    listed = paste(filer, address, "Library\tMonth\tLoans\nAvon\t2026-03\t1\nDarien\t2026-03\t3\n")
    assert "No loans of April 2026" in listed.text

    refused = paste(filer, address, "Library\tMar\tApr\nAvon\t1\t1\nDarien\t1\t1\n")
    assert refused.status_code == 422
    assert "May 2026" in refused.text


def test_a_file_with_problems_saves_the_rest_and_lists_them(filer, address, draft):
    shown = send(filer, address, "Library;Mar 2026\nAvon;-4\nDarien;3\nWilton;=1+1\n".encode("cp1252"))

    assert "is below zero" in shown.text
    sheet = openpyxl.load_workbook(io.BytesIO(go_on(filer, address, shown, "problems-xlsx").content)).active
    assert sheet[2][0].value == "line 2, column B (Mar 2026)"
    text = go_on(filer, address, shown, "problems-csv").content.decode("utf-8-sig")
    listed = list(csv.reader(io.StringIO(text)))
    assert len(listed) == 3
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in listed for cell in row)
    go_on(filer, address, shown, "save")
    assert counts_of(draft) == {("CT0035", "2026-03"): 3}


def test_two_columns_that_would_do_are_offered_by_heading_alone(filer, address, draft):
    rows = [("Avon", "Canton", CANARY), ("Canton", "Avon", CANARY), ("Darien", "Avon", CANARY)] * 10
    text = "One place,Another place,Name\n" + "\n".join(",".join(row) for row in rows)

    asked = send(filer, address, text.encode())

    assert "One place" in asked.text
    assert "Canary" not in asked.text
    month = go_on(filer, address, asked, "answers", chosen="1")
    shown = go_on(filer, address, month, "answers", month="2026-03-01")
    go_on(filer, address, shown, "save")
    assert counts_of(draft) == {("CT0004", "2026-03"): 20, ("CT0024", "2026-03"): 10}


# Paste into the grid


def test_a_block_of_numbers_fills_right_and_down_in_the_order_shown(filer, address, draft, roster):
    order = [roster[key].pk for key in ("CT0035", "CT0004", "CT0024")]
    shown = paste(
        filer,
        address,
        "1,100\t2\r\n3\t\r\n",
        anchor=f"c{roster['CT0035'].pk}-2026-04",
        order=",".join(map(str, order)),
    )
    go_on(filer, address, shown, "save")

    assert counts_of(draft) == {
        ("CT0035", "2026-04"): 1100,
        ("CT0035", "2026-05"): 2,
        ("CT0004", "2026-04"): 3,
    }


def test_what_falls_beyond_the_grid_is_a_problem_of_its_own(filer, address, draft, roster):
    shown = paste(filer, address, "1\t2\t3\n", anchor=f"c{roster['CT0035'].pk}-2026-07", order="")

    assert "beyond the edge of the grid" in shown.text
    go_on(filer, address, shown, "save")
    assert counts_of(draft) == {("CT0035", "2026-07"): 1, ("CT0035", "2026-08"): 2}


def test_a_block_with_names_pasted_into_a_cell_is_matched(filer, address, draft, roster):
    shown = paste(filer, address, GRID, anchor=f"c{roster['CT0035'].pk}-2026-04", order="")
    go_on(filer, address, shown, "save")

    assert counts_of(draft)["CT0004", "2026-03"] == 12


# The workbook


def test_our_workbook_comes_back_as_it_went(filer, address, draft, roster):
    make_counts(draft, {(roster["CT0004"], MARCH): 12, (roster["CT0066"], APRIL): None})
    response = filer.get(reverse("transactions:filing_template", args=[draft.pk]))
    assert 'filename="loans-CT0010-2026-03-to-2026-08.xlsx"' in response["Content-Disposition"]
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    sheet = book["Loans"]
    rows = {row[0].value: row for row in sheet.iter_rows(min_row=5)}
    assert "CT0010" not in rows  # its own line is absent
    assert rows["CT0004"][3].value == 12
    assert rows["CT0066"][4].value == "n/c"
    assert sheet.freeze_panes == "D5"
    assert sheet.data_validations.dataValidation[0].type == "whole"

    shown = send(filer, address, response.content, "back.xlsx")
    assert "Nothing would change" in shown.text

    rows["CT0035"][3].value = 8
    rows["CT0004"][3].value = None
    file = io.BytesIO()
    book.save(file)
    go_on(filer, address, send(filer, address, file.getvalue(), "back.xlsx"), "save")
    assert counts_of(draft) == {("CT0035", "2026-03"): 8, ("CT0066", "2026-04"): None}


def test_the_workbook_of_another_filing_is_refused(filer, address, draft, bethel):
    other = make_filing(bethel, make_period(date(2026, 9, 1)))
    content = filer.get(reverse("transactions:filing_template", args=[other.pk])).content

    refused = send(filer, address, content, "other.xlsx")

    assert refused.status_code == 422
    assert "made for another filing" in refused.text


def test_the_workbook_of_period_totals_comes_back_as_it_went(filer, address, draft, roster):
    type(draft).objects.filter(pk=draft.pk).update(basis="period_total")
    make_counts(draft, {(roster["CT0004"], None): 12})
    content = filer.get(reverse("transactions:filing_template", args=[draft.pk])).content

    assert "Nothing would change" in send(filer, address, content, "back.xlsx").text


def test_the_csv_of_a_filing_comes_back_as_it_went(filer, address, draft, roster):
    make_counts(draft, {(roster["CT0004"], MARCH): 12, (roster["CT0035"], APRIL): 1})
    content = filer.get(reverse("transactions:filing_csv", args=[draft.pk])).content

    assert b"CT0004,Avon Free Public Library,Avon,2026-03,12" in content
    assert "Nothing would change" in send(filer, address, content).text


# What is never kept


def patron_export() -> bytes:
    lines = ["Patron,Home library,Title,Checkout date"]
    lines += [
        f'"{CANARY}",{town},"{CANARY}, the book",2026-03-{day:02d}'
        for town in ("Avon", "Darien")
        for day in range(1, 29)
    ]
    lines += [f'{CANARY},"{CANARY}",x,2026-03-01', f"{CANARY},Avon,x,{CANARY}"]
    return "\n".join(lines).encode()


def everything_stored() -> str:
    """Return every text in every table, the sessions too."""
    with connection.cursor() as cursor:
        return "\n".join(
            str(cursor.execute(f'SELECT * FROM "{table}"') or cursor.fetchall())
            for table in connection.introspection.table_names(cursor)
        )


@pytest.mark.parametrize(
    "content",
    [
        patron_export(),
        workbook([["Patron", "Home library", "Checkout date"], *[[CANARY, "Avon", date(2026, 3, 2)]] * 20]),
        f"{CANARY},{CANARY}\n".encode() * 10,
        b"PK\x03\x04" + CANARY.encode(),
        f'Library,Mar 2026\nAvon,"{CANARY}'.encode(),
    ],
    ids=["export", "workbook", "no libraries", "no workbook", "open quotation mark"],
)
def test_nothing_but_counts_is_stored_logged_or_cached(
    filer, address, draft, content, caplog, capfd, tmp_path, settings
):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    caplog.set_level("DEBUG")
    response = send(filer, address, content)
    while response.status_code == 200 and 'name="upload"' in response.text:
        assert "Canary" not in re.sub(r'value="[^"]*"', "", response.text)
        response = go_on(filer, address, response, "save")

    shown = capfd.readouterr()
    assert "Canary" not in response.text
    assert "Canary" not in everything_stored()
    assert "Canary" not in caplog.text + shown.out + shown.err
    assert "Canary" not in str([session.get_decoded() for session in Session.objects.all()])
    assert "Canary" not in str(getattr(cache, "_cache", ""))
    assert list(tmp_path.iterdir()) == []


def test_an_error_nobody_foresaw_is_logged_by_its_kind_alone(
    filer, address, draft, monkeypatch, caplog, capfd
):
    def fail(*args):
        raise KeyError(CANARY)

    monkeypatch.setattr("transactions.views.uploads.read_tables", fail)
    refused = send(filer, address, patron_export())

    assert refused.status_code == 422
    shown = capfd.readouterr()
    assert "Canary" not in refused.text + caplog.text + shown.out + shown.err
    assert "KeyError" in caplog.text + shown.out + shown.err


def test_a_file_that_is_too_large_is_answered_plainly(filer, address, draft):
    response = send(filer, address, b"Avon,1\n" * (LARGEST_FILE // 7 + 2))

    assert response.status_code == 422
    assert "larger than 60 MB" in response.text


def test_a_file_sent_to_another_page_is_dropped_unread(filer, draft):
    response = filer.post(
        reverse("transactions:filing_entry", args=[draft.pk]),
        {"revision": "0", "file": SimpleUploadedFile("a.csv", b"Avon,1")},
    )

    assert response.wsgi_request.FILES == {}


def test_a_carried_upload_of_another_filing_or_person_is_refused(filer, address, draft, bethel):
    shown = paste(filer, address, GRID)
    other = make_filing(bethel, make_period(date(2026, 9, 1)))

    for token in (carried(shown)[:-3] + "abc", "nonsense", ""):
        assert filer.post(address, {"step": "save", "upload": token}).status_code == 422
    elsewhere = reverse("transactions:filing_upload", args=[other.pk])
    assert "out of date" in filer.post(elsewhere, {"step": "save", "upload": carried(shown)}).text
    colleague = make_signed_in_client(Role.LIBRARY_FILER, bethel)
    assert "out of date" in colleague.post(address, {"step": "save", "upload": carried(shown)}).text
    assert counts_of(draft) == {}


def test_nothing_to_read_is_said(filer, address):
    assert "Choose a file, or paste a table" in paste(filer, address, "  ").text


def test_recipes_are_public(client, db):
    response = client.get(reverse("transactions:recipes"))

    assert response.status_code == 200
    for system in ("Sierra", "Polaris", "Symphony", "Evergreen", "Koha", "Verso"):
        assert system in response.text
