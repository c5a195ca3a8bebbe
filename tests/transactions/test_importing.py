import datetime as dt
import re
from datetime import date

import openpyxl
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.backends.postgresql.psycopg_any import DateRange

from connecticard.models import AuditEvent, Role
from libraries.models import Residency
from tests.factories import make_filing, make_period, make_user
from tests.transactions.conftest import months
from transactions.importing import ATTESTATION, BULK_IMPORT_EDITION
from transactions.models import Filing, FilingPeriod, FilingTotal, LoanCount, ReportingCadence
from transactions.rules.filing_calendar import Cadence

pytestmark = pytest.mark.django_db

HEADER = "lender,home_library,loans\n"
BY_MONTH = "lender,home_library,loans,month\n"


@pytest.fixture
def load(tmp_path, capsys):
    """Import a text as a file and return (exit code, standard output, lines of standard error)."""

    def run(content: str | bytes, *options: str, year: int = 2018, name: str = "loans.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        code = 0
        try:
            call_command("import_loans", str(path), "--program-year", str(year), *options)
        except SystemExit as ended:
            code = int(ended.code or 0)
        except CommandError as error:
            code = error.returncode
        captured = capsys.readouterr()
        return code, captured.out, captured.err.splitlines()

    return run


def counts() -> list[tuple]:
    return sorted(
        LoanCount.objects.values_list("filing__library__key", "home_library__key", "month", "loans"),
        key=lambda row: (row[0], row[1], row[2] or date.min),
    )


def whole_year(lender: str, home: str, loans: int = 1, *, year: int = 2018) -> str:
    return "".join(f"{lender},{home},{loans},{month:%Y-%m}\n" for month in months(date(year - 1, 3, 1), 12))


# Without month


def test_totals_become_one_annual_filing_for_each_lender(libraries, load):
    code, out, err = load(HEADER + "CT0001,CT0002,30\nCT0001,CT0003,10\nCT0002,CT0001,20\n")

    assert (code, err) == (0, [])
    assert "3 rows, 2 lenders, 60 loans, March 2017 to February 2018." in out
    assert counts() == [
        ("CT0001", "CT0002", None, 30),
        ("CT0001", "CT0003", None, 10),
        ("CT0002", "CT0001", None, 20),
    ]
    period = FilingPeriod.objects.get()
    assert (period.cadence, period.first_day, period.last_day) == (
        "annual",
        date(2017, 3, 1),
        date(2018, 2, 28),
    )
    for filing in Filing.objects.all():
        assert (filing.status, filing.basis, filing.version) == ("submitted", "period_total", 1)
        assert (filing.provenance, filing.form_edition) == ("published", BULK_IMPORT_EDITION)
        assert filing.provenance_note == "Published, not certified by the library; imported from loans.csv"
        assert filing.covers == DateRange(date(2017, 3, 1), date(2018, 3, 1))
        assert filing.submitted_by is None
        assert filing.submitted_at == filing.first_submitted_at
    assert not FilingTotal.objects.exists()


@pytest.mark.parametrize(
    "content",
    [
        "lender_fscs,home_library_fscs,loans\nCT0001,CT0002,30\n",
        "LOANS,Home_Library,Lender\n30,CT0002,CT0001\n",
        "\ufefflender,home_library,loans\nCT0001,CT0002,30\n",
        "lender,home_library,loans\r\nCT0001,CT0002,30\r\n",
        ' lender ,home_library,loans\n CT0001 ,"CT0002",\t30 \n\n',
        "lender,home_library,loans\nct0001,ct0002,0030",
    ],
    ids=["aliases", "order and case", "byte order mark", "crlf", "blanks and quotes", "keys in lower case"],
)
def test_files_as_people_save_them(libraries, load, content):
    code, _, err = load(content)

    assert (code, err) == (0, [])
    assert counts() == [("CT0001", "CT0002", None, 30)]


def test_a_workbook_is_read_from_its_first_sheet(libraries, load, tmp_path):
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.append(["Lender", "Home_library", "Loans", "Month"])
    for month in months(date(2017, 3, 1), 12):
        sheet.append(["CT0001", "CT0002", 12.0, f"{month:%Y-%m}" if month.month % 2 else month])
    sheet.append([None, None, None, None])
    sheet.append(["  ", None, " ", None])
    workbook.create_sheet("notes").append(["nothing"])
    workbook.save(tmp_path / "book.xlsx")

    code, _, err = load((tmp_path / "book.xlsx").read_bytes(), name="loans.xlsx")

    assert (code, err) == (0, [])
    assert [row[3] for row in counts()] == [12] * 12


def test_a_workbook_with_parts_of_a_loan_is_refused(libraries, load, tmp_path):
    workbook = openpyxl.Workbook()
    workbook.active.append(["lender", "home_library", "loans"])
    workbook.active.append(["CT0001", "CT0002", 12.5])
    workbook.active.append(["CT0001", "CT0003", None])
    workbook.active.append(["CT0002", "CT0003", 3, "stray"])
    workbook.save(tmp_path / "book.xlsx")

    code, _, err = load((tmp_path / "book.xlsx").read_bytes(), name="loans.xlsx")

    assert code == 1
    assert [line.partition(";")[0] for line in err] == [
        "line 2: loans '12.5': not a whole number",
        "line 3: loans '': blank",
        "line 4: row 'CT0002,CT0003,3,stray': 4 cells where the header has 3",
    ]


def test_a_zero_year_is_one_row(libraries, load):
    code, _, err = load(HEADER + "CT0001,,0\nCT0002,CT0001,5\n")

    assert (code, err) == (0, [])
    zero = Filing.objects.get(library=libraries["CT0001"])
    assert zero.nothing_lent
    assert not zero.loan_counts.exists()


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("lender,home_library", "line 1: column 'loans': missing column"),
        ("lender,home_library,loans,patron", "line 1: column 'patron': unknown column"),
        ("lender,lender_fscs,home_library,loans", "line 1: column 'lender_fscs': repeated column"),
        ("", "line 1: column 'lender': missing column"),
    ],
)
def test_another_header_refuses_the_file(libraries, load, header, told):
    code, _, err = load(header + "\nCT0001,CT0002,1\n")

    assert code == 1
    assert any(line.startswith(told) for line in err)
    assert not Filing.objects.exists()


def test_a_file_without_rows_is_refused(libraries, load):
    code, _, err = load(HEADER)

    assert code == 1
    assert err == ["line 1: row '': no rows follow the header; add the loan counts"]


def test_every_bad_row_is_listed_and_nothing_changes(libraries, load):
    good = "".join(
        f"CT0002,CT0001,{number},{month:%Y-%m}\n" for number, month in enumerate(months(date(2017, 3, 1), 12))
    )
    content = (
        BY_MONTH
        + good  # lines 2 to 13
        + "CT9999,CT0001,1,2017-03\n"
        + "CT0002,CT9999,1,2017-03\n"
        + "CT0002,CT0002,1,2017-03\n"
        + "CT0004,CT0005,1,2017-03\n"
        + "CT0002,CT0003,-4,2017-03\n"
        + "CT0002,CT0003,4.5,2017-04\n"
        + "CT0002,CT0003,,2017-05\n"
        + "CT0002,CT0003,2147483648,2017-06\n"
        + "CT0002,CT0001,7,2017-03\n"
        + "CT0002,CT0001,8,2017-03\n"
        + "CT0002,CT0003,4,2017-13\n"
        + "CT0002,CT0003,4,March\n"
        + "CT0002,CT0003,4,2018-03\n"
        + "CT0002,CT0003,4\n"
        + "CT0001,CT0002,9,2017-03\n"
        + ",CT0002,9,2017-03\n"
        + "CT0002,,9,2017-03\n"
        + "CT0002,CT0003,12.0,2017-07\n"
        + "CT0002,,0,2017-03\n"
        + "CT0002,CT0003,2147483647,2017-08\n"
    )

    code, out, err = load(content, "--certified-by", make_user(Role.STATE_STAFF).email)

    assert code == 1
    assert err == [
        "line 14: lender 'CT9999': no library has this key; use a library's FSCS key as in the roster",
        "line 15: home_library 'CT9999': no library has this key; use a library's FSCS key as in the roster",
        "line 16: home_library 'CT0002': the lender's own cards are no borrowIT CT loans; remove the row",
        "line 17: home_library 'CT0005': a library of a town that Eastford Library served in March 2017; "
        "remove the row",
        "line 18: loans '-4': negative; give a whole number from 0",
        "line 19: loans '4.5': not a whole number; give digits only, such as 1234",
        "line 20: loans '': blank; give 0 if none were lent",
        "line 21: loans '2147483648': too large; give a number of at most 2147483647",
        "line 22: home_library 'CT0001': same lender, home library and month as line 2; keep one of the rows",
        "line 23: home_library 'CT0001': same lender, home library and month as line 2; keep one of the rows",
        "line 24: month '2017-13': not a month; write it as in 2017-03",
        "line 25: month 'March': not a month; write it as in 2017-03",
        "line 26: month '2018-03': outside March 2017 to February 2018; "
        "remove the row, or give another --program-year",
        "line 27: row 'CT0002,CT0003,4': 3 cells where the header has 4; give each column one cell",
        "line 28: lender 'CT0001': the filing for March 2017 to February 2018 lacks 2017-04, 2017-05, "
        "2017-06, 2017-07, 2017-08, 2017-09, 2017-10, 2017-11, 2017-12, 2018-01, 2018-02; "
        "add the rows; a month without loans is one row with home_library empty and loans 0",
        "line 29: lender '': blank; use a library's FSCS key as in the roster",
        "line 30: home_library '': blank; use a library's FSCS key as in the roster",
        "line 31: loans '12.0': not a whole number; give digits only, such as 1234",
        "line 32: home_library '': says that nothing was lent, but other rows of this lender give counts; "
        "remove this row, or name the home library",
    ]
    assert all(re.fullmatch(r"line \d+: \w+ '.*': .+; .+", line) for line in err)
    assert "Nothing was changed" in out
    assert not Filing.objects.exists()
    assert not FilingPeriod.objects.exists()
    assert not LoanCount.objects.exists()
    assert not AuditEvent.objects.filter(action__startswith="filing").exists()


def test_every_row_after_the_first_is_a_duplicate_of_totals(libraries, load):
    code, _, err = load(HEADER + "CT0001,CT0002,30\nCT0001,CT0002,30\nCT0002,,0\nCT0002,,0\n")

    assert code == 1
    assert [line.partition(";")[0] for line in err] == [
        "line 3: home_library 'CT0002': same lender and home library as line 2",
        "line 5: home_library '': same lender and home library as line 4",
    ]


def test_the_town_served_is_judged_in_the_month_of_the_loan(libraries, load):
    served = Residency.objects.create(
        town=libraries["CT0002"].town,
        library=libraries["CT0001"],
        principal=False,
        valid=DateRange(None, date(2017, 9, 1)),
    )
    by_month = BY_MONTH + whole_year("CT0001", "CT0002")

    code, _, err = load(by_month)

    assert code == 1
    assert [line[:7] for line in err] == [f"line {number}:"[:7] for number in range(2, 8)]
    assert "a town that Avon Library served in March 2017; remove the row" in err[0]
    served.refresh_from_db()
    code, _, err = load(HEADER + "CT0001,CT0002,5\n")
    assert code == 1
    assert err == [
        "line 2: home_library 'CT0002': Avon Library served this library's town for a part of "
        "March 2017 to February 2018; give this lender's counts by month"
    ]


def test_a_closed_home_library_is_refused(libraries, load):
    libraries["CT0002"].open_during = DateRange(None, date(2016, 1, 1))
    libraries["CT0002"].save()
    Residency.objects.filter(library=libraries["CT0002"]).update(valid=DateRange(None, date(2016, 1, 1)))

    code, _, err = load(HEADER + "CT0001,CT0002,5\nCT0002,CT0001,5\n")

    assert code == 1
    assert err == [
        "line 2: home_library 'CT0002': Bethel Library (CT0002) was not open in "
        "March 2017 to February 2018; remove the row",
        "line 3: lender 'CT0002': Bethel Library was not open in March 2017 to February 2018; "
        "remove the row, or correct the roster",
    ]


# With month


def test_months_become_one_annual_filing_where_no_cadence_is_on_record(libraries, load):
    code, _, err = load(BY_MONTH + whole_year("CT0001", "CT0002", 2, year=2027), year=2027)

    assert (code, err) == (0, [])
    filing = Filing.objects.get()
    assert (filing.basis, filing.period.cadence) == ("by_month", "annual")
    assert filing.loan_counts.count() == 12


def test_months_become_filings_of_the_cadence_in_force(libraries, load):
    ReportingCadence.objects.create(
        library=libraries["CT0001"], cadence=Cadence.MONTHLY, valid=DateRange(date(2017, 9, 1), None)
    )
    ReportingCadence.objects.create(
        library=libraries["CT0002"], cadence=Cadence.SEMIANNUAL, valid=DateRange(None, None)
    )

    code, _, err = load(BY_MONTH + whole_year("CT0001", "CT0003") + whole_year("CT0002", "CT0003"))

    assert (code, err) == (0, [])
    of_avon = Filing.objects.filter(library=libraries["CT0001"]).order_by("period__first_day")
    assert [filing.period.cadence for filing in of_avon] == ["semiannual"] + ["monthly"] * 6
    assert Filing.objects.filter(library=libraries["CT0002"], period__cadence="semiannual").count() == 2


def test_a_period_that_is_not_touched_may_be_absent(libraries, load):
    ReportingCadence.objects.create(
        library=libraries["CT0001"], cadence=Cadence.SEMIANNUAL, valid=DateRange(None, None)
    )
    half = "".join(f"CT0001,CT0002,3,{month:%Y-%m}\n" for month in months(date(2017, 9, 1), 6))

    code, _, err = load(BY_MONTH + half)

    assert (code, err) == (0, [])
    assert Filing.objects.get().period.first_day == date(2017, 9, 1)


def test_a_month_without_loans_is_said_by_one_row(libraries, load):
    rows = whole_year("CT0001", "CT0002").replace("CT0001,CT0002,1,2017-07", "CT0001,,0,2017-07")

    code, _, err = load(BY_MONTH + rows)

    assert (code, err) == (0, [])
    assert LoanCount.objects.count() == 11


def test_a_zero_year_by_month_is_one_row_without_month(libraries, load):
    ReportingCadence.objects.create(
        library=libraries["CT0001"], cadence=Cadence.SEMIANNUAL, valid=DateRange(None, None)
    )

    code, _, err = load(BY_MONTH + "CT0001,,0,\n" + whole_year("CT0002", "CT0001"))

    assert (code, err) == (0, [])
    assert Filing.objects.filter(library=libraries["CT0001"], nothing_lent=True).count() == 2


def test_a_first_filing_may_be_short(libraries, load):
    libraries["CT0001"].letters.create(valid=DateRange(date(2017, 9, 15), None), signatory="A. Reader")
    rows = "".join(f"CT0001,CT0002,3,{month:%Y-%m}\n" for month in months(date(2017, 8, 1), 7))

    code, _, err = load(BY_MONTH + rows)
    assert code == 1
    assert err == [
        "line 2: month '2017-08': Avon Library was not open or took no part in August 2017; "
        "remove the row, or correct the roster"
    ]

    code, _, err = load(BY_MONTH + rows.partition("\n")[2])

    assert (code, err) == (0, [])
    assert Filing.objects.get().covers == DateRange(date(2017, 9, 15), date(2018, 3, 1))


# Again, and otherwise


def test_the_same_content_again_changes_nothing(libraries, load, staff):
    rows = "CT0001,CT0002,30\nCT0002,CT0001,20\n"
    load(HEADER + rows, "--certified-by", staff.email)
    before = (list(Filing.objects.values()), list(LoanCount.objects.values()), AuditEvent.objects.count())

    code, out, err = load("loans,lender,home_library\n20,CT0002,CT0001\n30,CT0001,CT0002\n")

    assert (code, err) == (0, [])
    assert "The same content is on record already: nothing was changed." in out
    assert before == (
        list(Filing.objects.values()),
        list(LoanCount.objects.values()),
        AuditEvent.objects.count(),
    )


def test_new_lenders_are_added_to_those_on_record(libraries, load):
    load(HEADER + "CT0001,CT0002,30\n")

    code, out, err = load(HEADER + "CT0001,CT0002,30\nCT0002,CT0001,20\n")

    assert (code, err) == (0, [])
    assert "1 filings were recorded" in out
    assert "1 filings are on record with the same content" in out
    assert Filing.objects.count() == 2


@pytest.mark.parametrize("certified", [False, True])
def test_other_content_is_refused_unless_amending(libraries, load, staff, certified):
    by = ["--certified-by", staff.email] if certified else []
    load(HEADER + "CT0001,CT0002,30\nCT0002,CT0001,20\n", *by)
    other = HEADER + "CT0002,CT0001,20\nCT0001,CT0002,31\n"

    code, _, err = load(other, *by)

    assert code == 1
    assert err == [
        "line 3: lender 'CT0001': other counts for March 2017 to February 2018 are on record; "
        "pass --amend REASON to record a new version"
    ]
    assert ("CT0001", "CT0002", None, 30) in counts()

    code, out, err = load(other, "--amend", "The library found a page it had missed.", *by)

    assert (code, err) == (0, [])
    assert "1 filings were recorded as a new version" in out
    newest = Filing.objects.filter(library=libraries["CT0001"]).latest("version")
    assert newest.version == 2
    assert newest.amends_because == "The library found a page it had missed."
    assert list(newest.loan_counts.values_list("loans", flat=True)) == [31]
    if certified:
        first = Filing.objects.get(library=libraries["CT0001"], version=1)
        assert first.superseded_at == newest.certified_at
        assert first.loan_counts.get().loans == 30
        assert first.first_submitted_at == newest.first_submitted_at
    else:
        assert Filing.objects.filter(library=libraries["CT0001"]).count() == 1
        kept = AuditEvent.objects.get(action="filing_version_discarded")
        assert kept.before["counts"] == [["CT0002", None, 30]]


def test_amending_without_certifier_leaves_the_certified_version_standing(libraries, load, staff):
    load(HEADER + "CT0001,CT0002,30\n", "--certified-by", staff.email)

    code, _, err = load(HEADER + "CT0001,CT0002,31\n", "--amend", "Found a page")

    assert (code, err) == (0, [])
    assert Filing.objects.standing().get().loan_counts.get().loans == 30
    assert Filing.objects.open().get().loan_counts.get().loans == 31


def test_submitted_filings_are_certified_by_importing_them_again_in_a_name(libraries, load, staff):
    load(HEADER + "CT0001,CT0002,30\n")

    code, out, err = load(HEADER + "CT0001,CT0002,30\n", "--certified-by", staff.email)

    assert (code, err) == (0, [])
    assert "1 filings on record were certified." in out
    assert Filing.objects.get().certified_by == staff


def test_counts_of_another_period_on_the_same_days_are_refused(libraries, load, staff):
    load(HEADER + "CT0001,CT0002,30\n", "--certified-by", staff.email)
    ReportingCadence.objects.create(
        library=libraries["CT0001"], cadence=Cadence.SEMIANNUAL, valid=DateRange(None, None)
    )

    code, _, err = load(BY_MONTH + whole_year("CT0001", "CT0002"), "--amend", "By month now")

    assert code == 1
    assert len(err) == 2
    assert "a filing for March 2017 to February 2018 covers these days; give the counts for that" in err[0]


def test_a_filing_that_the_library_works_on_is_left_alone(libraries, load):
    draft = make_filing(libraries["CT0001"], make_period(date(2017, 3, 1), Cadence.ANNUAL))

    code, _, err = load(HEADER + "CT0001,CT0002,31\n", "--amend", "Found a page")

    assert code == 1
    assert "the library works on version 1 of its filing" in err[0]
    assert Filing.objects.get() == draft


def test_a_dry_run_says_what_it_would_do_and_changes_nothing(libraries, load, staff):
    code, out, err = load(HEADER + "CT0001,CT0002,30\n", "--dry-run", "--certified-by", staff.email)

    assert (code, err) == (0, [])
    assert "1 filings would be recorded as certified." in out
    assert "Dry run: nothing was changed." in out
    assert not Filing.objects.exists()
    assert not FilingPeriod.objects.exists()


# Who


@pytest.mark.parametrize("role", [Role.STATE_STAFF, Role.STATE_ADMINISTRATOR])
def test_state_library_people_record_filings_as_certified(libraries, load, role):
    person = make_user(role, second_factor=False)

    code, _, err = load(HEADER + "CT0001,CT0002,30\nCT0002,,0\n", "--certified-by", person.email.upper())

    assert (code, err) == (0, [])
    filing = Filing.objects.get(library=libraries["CT0001"])
    assert (filing.status, filing.certified_by, filing.submitted_by) == ("certified", person, person)
    assert filing.attestation == ATTESTATION
    assert "published, not certified by the library" in filing.attestation
    assert list(FilingTotal.objects.values_list("filing__library__key", "home_library__key", "loans")) == [
        ("CT0001", "CT0002", 30)
    ]
    assert AuditEvent.objects.filter(action="filing_certified_in_bulk", by=person).count() == 2


@pytest.mark.parametrize("role", [Role.LIBRARY_CERTIFIER, Role.LIBRARY_FILER, Role.AUDITOR, None])
def test_nobody_else_certifies_a_bulk_import(libraries, load, role):
    library = libraries["CT0001"] if role in {Role.LIBRARY_CERTIFIER, Role.LIBRARY_FILER} else None
    person = make_user(role, library=library, second_factor=False)

    code, _, err = load(HEADER + "CT0001,CT0002,30\n", "--certified-by", person.email)

    assert code == 1
    assert "State Library staff or an administrator" in err[0]
    assert not Filing.objects.exists()


def test_an_unknown_certifier_is_refused(libraries, load):
    code, _, err = load(HEADER + "CT0001,CT0002,30\n", "--certified-by", "nobody@example.org")

    assert code == 1
    assert "nobody@example.org" in err[0]


def test_an_estimate_is_marked_with_its_note(libraries, load, staff):
    load(
        HEADER + "CT0001,CT0002,30\n",
        "--estimated",
        "borrower split estimated",
        "--certified-by",
        staff.email,
    )

    filing = Filing.objects.get()
    assert (filing.provenance, filing.provenance_note) == ("estimated", "borrower split estimated")


# Wrong use


@pytest.mark.parametrize(
    ("options", "year"),
    [
        (["--estimated", " "], 2018),
        (["--amend", ""], 2018),
        (["--estimated", "x" * 251], 2018),
        ([], 18),
        ([], 20180),
        ([], dt.datetime.now(dt.UTC).year + 5),
    ],
)
def test_wrong_use_exits_2(libraries, load, options, year):
    code, _, _ = load(HEADER + "CT0001,CT0002,30\n", *options, year=year)

    assert code == 2
    assert not Filing.objects.exists()


def test_a_file_that_is_not_there_exits_2(libraries):
    with pytest.raises(CommandError, match="No such file") as error:
        call_command("import_loans", "nowhere.csv", "--program-year", "2018")

    assert error.value.returncode == 2


def test_text_that_is_not_utf_8_names_its_line(libraries, load):
    code, _, err = load(HEADER.encode() + b"CT0001,CT0002,1\nCT0001,Caf\xe9,1\n")

    assert code == 1
    assert err == ["line 3: row '': not UTF-8; save the file as CSV UTF-8"]


def test_a_broken_workbook_is_refused(libraries, load):
    code, _, err = load(b"PK\x03\x04 broken", name="loans.xlsx")

    assert code == 1
    assert "no XLSX workbook" in err[0]
