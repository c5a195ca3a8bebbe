"""The PDF documents: what they say, how they are built, and that they come out the same again."""

import io
import logging
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date

import pikepdf
import pytest
from outloud.model import Document

from payments.explaining.change_of_payment import CauseOfChange, Change
from payments.rules.change_explained import Cause
from reports.contents import Division, TopPartner, of_edition
from reports.csv_files import csv_of
from reports.documents import html_of, pdf_of
from reports.pdf import STATIC, ForbiddenAddress, OwnFilesOnly, render_pdf
from tests.reports import documents, pdf_structure

SAMPLES = {
    "statement": documents.payment_statement,
    "withheld statement": documents.withheld_statement,
    "estimated statement": lambda: documents.payment_statement(run=documents.ESTIMATED_RUN, requirements=()),
    "list of 192 libraries": documents.payment_list,
    "estimated list": lambda: documents.payment_list(192, documents.ESTIMATED_RUN),
    "use report": documents.use_report,
    "participating libraries": documents.participating_libraries,
    "expenditure summary": documents.expenditure_summary,
    "certificate": lambda: documents.RECEIPT,
    "submission receipt": lambda: replace(documents.RECEIPT, is_certificate=False),
    "receipt without totals": lambda: replace(documents.RECEIPT, totals=()),
    "order to pay 192 libraries": documents.board_order,
    "order with number and date": documents.adopted_order,
    "order of release": lambda: documents.board_order(1, is_release=True),
    "estimated order": lambda: documents.board_order(3, run=documents.ESTIMATED_RUN),
    "order of nothing": lambda: documents.board_order(0),
    "expenditure summary, none received": documents.empty_expenditure_summary,
    "correction statement": documents.correction_statement,
    "use report, second edition": lambda: of_edition(
        replace(documents.use_report(12), towns=()), 2, documents.CHANGES
    ),
}


def page(body: str) -> str:
    return f'<html lang="en-US"><head><title>x</title></head><body><h1>Title</h1>{body}</body></html>'


def text_of(pdf: bytes, path) -> str:
    path.write_bytes(pdf)
    document = Document(str(path))
    try:
        return " ".join(line.text for page in document.pages for line in document.content(page.index).lines)
    finally:
        document.close()


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_document_is_well_built(sample, tmp_path, caplog):
    with caplog.at_level(logging.WARNING, logger="weasyprint"):
        pdf = pdf_of(SAMPLES[sample]())

    assert not caplog.records
    pdf_structure.assert_good_structure(pdf)
    pdf_structure.assert_page_numbers(pdf, tmp_path / "document.pdf")
    assert pdf_structure.outloud_findings(pdf, tmp_path / "document.pdf") == []


def test_a_table_over_several_pages_is_one_table_with_one_head():
    pdf = pdf_of(documents.payment_list(192))

    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert len(document.pages) > 4
        longest = max(pdf_structure.tables(document), key=lambda table: len(pdf_structure.rows(table)))
        assert len(pdf_structure.rows(longest)) == 1 + 192 + 1


def test_the_same_document_has_the_same_bytes_in_another_process():
    program = (
        "import django, hashlib; django.setup();"
        "from reports.documents import pdf_of; from tests.reports import documents;"
        "made = [pdf_of(documents.payment_list(20)), pdf_of(documents.use_report(12))];"
        "print(hashlib.sha256(b''.join(made)).hexdigest())"
    )

    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "DJANGO_SETTINGS_MODULE": "connecticard.settings"},
            cwd=STATIC.parent,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(digests) == 1


def test_a_document_made_again_in_one_process_has_the_same_bytes():
    first = pdf_of(documents.payment_statement())

    pdf_of(documents.expenditure_summary())

    assert pdf_of(documents.payment_statement()) == first


def test_another_title_or_day_gives_another_identity():
    html = page("<p>Words</p>")

    made = {
        render_pdf(html, title="One"),
        render_pdf(html, title="Two"),
        render_pdf(html, title="One", created=date(2026, 1, 2)),
    }

    assert len(made) == 3
    for pdf in made:
        with pikepdf.open(io.BytesIO(pdf)) as document:
            assert len(bytes(document.trailer.ID[0])) >= 32


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/logo.png",
        "http://127.0.0.1:8000/logo.png",
        "ftp://example.org/logo.png",
        "data:image/png;base64,AAAA",
        "file:///etc/passwd",
        "../manage.py",
        "img/%2e%2e/%2e%2e/manage.py",
        "file://elsewhere/etc/passwd",
        "no-such-picture.png",
    ],
)
def test_a_document_cannot_reach_beyond_our_static_files(address):
    with pytest.raises(ForbiddenAddress):
        render_pdf(page(f'<img src="{address}" alt="A picture">'), title="Picture")


def test_the_fetcher_refuses_a_link_that_leads_out(tmp_path):
    folder = tmp_path / "static"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")

    with pytest.raises(ForbiddenAddress):
        OwnFilesOnly(folder).fetch((folder / "link.txt").as_uri())


def test_the_fetcher_reads_our_own_files():
    response = OwnFilesOnly(STATIC).fetch((STATIC / "css" / "pdf.css").as_uri())

    assert b"@page" in response.read()


def test_a_table_without_a_caption_is_refused():
    with pytest.raises(ValueError, match="caption"):
        render_pdf(page("<table><tr><td>1</td></tr></table>"), title="Table")


def test_a_statement_shows_the_division_with_the_librarys_own_numbers(tmp_path):
    text = text_of(pdf_of(documents.payment_statement()), tmp_path / "statement.pdf")

    transactions = ["$351,819.00", "3,580,340", "$0.0982641313", "20,769", "$2,040.847744", "+$0.002256"]
    net_plus = ["1,590,946", "$0.2211382410", "1,775", "$392.520378", "\N{MINUS SIGN}$0.000378"]
    sums = ["$2,040.85", "$392.52", "$2,433.37"]
    for figure in (*transactions, *net_plus, *sums, "November 1, 2019"):
        assert figure in text


def test_a_withheld_statement_shows_what_is_missing_and_its_cure():
    html = html_of(documents.withheld_statement())

    for words in ("Not met", "Regs. § 11-31c-2(e)", "the Board orders it", "Withheld", "Waivers"):
        assert words in html


def test_a_statement_of_a_library_left_out_by_the_board_says_that_nothing_is_held():
    run = replace(documents.RUN, redistributes_withheld=True)
    left_out = replace(
        documents.withheld_statement(),
        run=run,
        withheld_cents=0,
        transactions=Division(run.transactions, 0, 0),
        net_plus_division=Division(run.net_plus, 0, 0),
    )

    html = html_of(left_out)

    assert "nothing is held for release" in html
    assert "withheld</strong>" not in html


def test_a_share_that_does_not_follow_from_the_division_is_refused():
    with pytest.raises(ValueError, match="does not follow"):
        Division(documents.RUN.transactions, 20769, 204086 + 1)


def test_only_an_estimated_run_says_estimated():
    assert "estimated" not in html_of(documents.payment_statement()).lower()
    assert "estimated" in html_of(documents.payment_statement(run=documents.ESTIMATED_RUN)).lower()


def test_a_run_that_is_not_certified_says_preview():
    preview = replace(documents.RUN, certified_on=None)

    assert "has not been certified" in html_of(documents.payment_statement(run=preview))
    assert "has not been certified" not in html_of(documents.payment_statement())


def test_the_use_report_keeps_not_reported_apart_from_none():
    html = html_of(documents.use_report(3))

    silent, zero = (
        re.search(rf"<tr><th scope=\"row\">{name} Public Library.*?</tr>", html).group()
        for name in ("Silent", "Zero")
    )
    assert re.findall(r'<td class="figure">(.*?)</td>', silent) == ["", "", "44", ""]
    assert re.findall(r'<td class="figure">(.*?)</td>', zero) == ["0", "12", "30", "0"]
    assert "does not participate" in silent


def test_a_report_before_its_edition_says_preview_and_is_not_cited():
    edition, preview = documents.use_report(3), replace(documents.use_report(3), is_preview=True)

    assert "Preview" not in html_of(edition)
    assert "<strong>Edition 1</strong>" in html_of(edition)
    assert "Nothing may be quoted from it" in html_of(preview)
    assert "To cite" not in html_of(preview)


def test_a_report_prints_the_law_the_sources_and_what_changed():
    html = html_of(of_edition(documents.use_report(3), 2, documents.CHANGES))

    for words in (
        "net_plus.below_zero",
        "Regs. § 11-31c-1(h)",
        "Connecticut State Library, a statistical profile",
        "What changed since edition 1",
        "A branch was counted twice.",
        "It takes the place of edition 1",
        "published, not certified by the library",
    ):
        assert words.lower() in html.lower(), words


def test_an_expenditure_summary_without_reports_says_so():
    html = html_of(documents.empty_expenditure_summary())

    assert "No expenditure report has been received" in html
    assert "2 libraries owe one" in html
    assert "November 1, 2019" in html
    assert "state fiscal year 2018" in html


def test_an_order_has_blank_lines_until_number_and_date_are_on_record():
    blank, adopted = html_of(documents.board_order(3)), html_of(documents.adopted_order())

    assert blank.count("to be filled in</span>") == 2
    assert "to be filled in" not in adopted
    assert "2018-11" in adopted
    assert "April 23, 2018" in adopted


def test_an_order_names_each_payment_what_is_withheld_and_who_gets_no_line():
    html = html_of(documents.board_order(2))

    assert "orders</strong> that $2,000.37 be paid to the 2 libraries" in html
    assert "of 1 library not in order is withheld" in html
    assert "1 more library is due $0.00 and gets no line" in html
    assert "paid to its legal successor Prosser" in html


def test_an_order_of_release_says_until_which_day_it_can_be_dated():
    html = html_of(documents.board_order(1, is_release=True))

    assert "Release of money withheld in state fiscal year 2018" in html
    assert "dated on or before Saturday, June 30, 2018" in html


def test_names_are_escaped():
    assert "&amp; Mason" in html_of(documents.payment_list(3))


def test_a_statement_tells_the_change_cause_by_cause_and_the_law_of_the_year(tmp_path):
    change = Change(
        2017, 250000, 243337, (CauseOfChange(Cause.OWN_LOANS, "Loans of this library", "It fell.", -6663),)
    )

    said = text_of(
        pdf_of(
            documents.payment_statement(
                change=change,
                lent_to=(TopPartner("Danbury Library", 4100),),
                explained_at="https://borrowit.example.org/libraries/CT0010/payments/2018/",
                rulebook_at="https://borrowit.example.org/rulebook/?on=2018-06-30",
            )
        ),
        tmp_path / "document.pdf",
    )

    assert "From $2,500.00 in fiscal year 2017 to $2,433.37" in said
    assert "−$66.63" in said
    assert "Danbury Library" in said
    assert "change.divided_between_causes" in said


def test_a_statement_of_a_library_that_did_not_count_says_so_and_not_zero(tmp_path):
    division = Division(documents.RUN.transactions, 0, 0)
    statement = documents.payment_statement(
        loans=None,
        net_plus=0,
        transactions=division,
        net_plus_division=Division(documents.RUN.net_plus, 0, 0),
        payment_cents=0,
        filings=(replace(documents.payment_statement().filings[0], loans=None),),
    )

    said = text_of(pdf_of(statement), tmp_path / "document.pdf")

    assert said.count("n/c") == 3
    assert "is not zero" in said
    assert b"loans,n/c\r\n" in csv_of(statement)


def test_a_statement_of_the_replayed_year_is_one_page():
    full = TopPartner("Licia & Mason Beekley Community Library", 123456)
    statement = documents.payment_statement(
        run=documents.ESTIMATED_RUN,
        lent_to=(full,) * 3,
        borrowed_from=(full,) * 3,
        explained_at="https://borrowit.example.org/libraries/CT0010/payments/2018/",
        rulebook_at="https://borrowit.example.org/rulebook/?on=2018-06-30",
    )

    with pikepdf.open(io.BytesIO(pdf_of(statement))) as pdf:
        assert len(pdf.pages) == 1
