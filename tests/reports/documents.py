"""Sample contents for the document tests: small values with real shapes, no database."""

from dataclasses import replace
from datetime import date, datetime

from connecticard.clock import EASTERN
from libraries.town_map import outlines
from reports.contents import (
    AppliedRule,
    ChangedFigure,
    Changes,
    CorrectionPaper,
    CorrectionPaperLine,
    CountedFiling,
    Division,
    ExpenditureSummary,
    LibraryWithoutLetter,
    MadeFrom,
    ParticipatingLibraries,
    ParticipatingLibrary,
    PaymentLine,
    PaymentList,
    PaymentStatement,
    PaymentTotals,
    Pool,
    Requirement,
    RunFacts,
    SpendingCategory,
    SpendingLine,
    TownOfUse,
    UseLine,
    UseReport,
    WaiverNote,
    YearOfUse,
)
from reports.contents.board_order import BoardOrderPaper, OrderedPayment
from reports.contents.filing_receipt import FilingReceiptPaper, MonthOfLoans

MADE_FROM = MadeFrom(
    source="payment run 7, certified April 20, 2018",
    rulebook_edition="6c621d1a" * 8,
    data_sha256="3a6eb079" * 8,
    dated=date(2018, 4, 20),
)
RUN = RunFacts(
    number=7,
    fiscal_year=2018,
    measured_from=date(2017, 3, 1),
    measured_to=date(2018, 2, 28),
    appropriation_cents=70363800,
    appropriation_source="Public Act 17-2, October 31, 2017",
    transactions=Pool(35181900, 3580340),
    net_plus=Pool(35181900, 1590946),
    prepared_by="Dana Brewer",
    certified_by="Robin Castellano",
    certified_on=date(2018, 4, 20),
)
ESTIMATED_RUN = replace(
    RUN, estimate="Lender totals published; borrower split estimated.", assumes_eligible=True
)
UNMET = Requirement(
    "Expenditure report due November 1, 2017",
    "Regs. § 11-31c-2(e)",
    False,
    "It has not been certified.",
    "Certify it; the share is released when the Board orders it by June 30, 2018.",
)
MET = (
    Requirement(
        "Letter of agreement on file", "Regs. § 11-31c-1(d)", True, "On file since January 12, 1984."
    ),
    Requirement("Legal standing", "C.G.S. § 11-24a", True, "Determined July 1, 2016."),
    Requirement("Record of loans", "Regs. § 11-31c-2(a), (d)", True, "Certified March 7, 2018."),
)

CHANGES = Changes(
    edition_before=1,
    reason="A branch was counted twice.",
    sentences=("Andover: lent 30 before, 25 by version 2.",),
    figures=(
        ChangedFigure("Andover Public Library", "Loans", "30", "25"),
        ChangedFigure("Andover Public Library", "Net plus", "10", "5"),
    ),
)

RULES = (
    AppliedRule(
        "net_plus.below_zero",
        "0",
        "Regs. Conn. State Agencies § 11-31c-1(h)",
        "law",
        "A library that lent less than its own card holders borrowed elsewhere has a net plus of 0.",
    ),
    AppliedRule("net_plus.computed_for", "library", "", "practice", ""),
)


RECEIPT = FilingReceiptPaper(
    number="CT0012-202603-202608-1-C2-7KQ4X",
    is_certificate=True,
    library_key="CT0012",
    library_name="Prosser Public Library and Wintonbury Branch of Bloomfield-on-the-Farmington",
    period="March 2026 to August 2026",
    version=1,
    signer="Maximiliana Featherstonehaugh-Cholmondeley",
    role="Deputy certifier, Prosser Public Library and Wintonbury Branch of Bloomfield-on-the-Farmington, "
    "from September 1, 2026 through September 30, 2026",
    signed_at=datetime(2026, 9, 7, 16, 40, 2, tzinfo=EASTERN),
    statement="I certify for my library that this report is accurate and complete, that it was counted by "
    "the rules of the program and the instructions of this form, and that where a place is left blank "
    "nothing was lent.",
    sha256="3a6eb079" * 8,
    form_edition="2026-03",
    totals=(
        *(MonthOfLoans(f"{month} 2026", 1234) for month in ("March", "April", "May", "June", "July")),
        MonthOfLoans("August 2026", 0),
        MonthOfLoans("Whole period", 6170),
    ),
    check_at="https://borrowit.example.org/receipts/CT0012-202603-202608-1-C2-7KQ4X/",
    made_from=MadeFrom(
        source="receipt CT0012-202603-202608-1-C2-7KQ4X",
        rulebook_edition="6c621d1a" * 8,
        data_sha256="3a6eb079" * 8,
        dated=date(2026, 9, 7),
    ),
)


def _name(number: int) -> str:
    """Return a name of its own, as outloud takes lines that repeat at a page's edge for page furniture."""
    place = chr(ord("A") + number % 26) + "bcdefghijk"[number // 26]
    kinds = ("Public Library", "& Mason Beekley Community Library", "Free Library of Nowhere-on-Sound")
    return f"{place} {kinds[number % 3]}"


def payment_statement(**changes) -> PaymentStatement:
    """A library that is paid from both halves."""
    statement = PaymentStatement(
        run=RUN,
        library_key="CT0010",
        library_name="Bethel Public Library",
        town="Bethel",
        loans=20769,
        borrows=18994,
        net_plus=1775,
        transactions=Division(RUN.transactions, 20769, 204085),
        net_plus_division=Division(RUN.net_plus, 1775, 39252),
        payment_cents=243337,
        withheld_cents=0,
        requirements=MET,
        filings=(
            CountedFiling(
                date(2017, 3, 1),
                date(2018, 2, 28),
                1,
                20769,
                "certified by the library",
                date(2018, 3, 7),
                "ab" * 32,
            ),
        ),
        made_from=MADE_FROM,
        spending_due_on=date(2019, 11, 1),
    )
    return replace(statement, **changes)


def withheld_statement() -> PaymentStatement:
    """A library that took part and is not in order, with a waiver for its filing."""
    return payment_statement(
        payment_cents=0,
        withheld_cents=243337,
        requirements=(*MET, UNMET),
        waivers=(
            WaiverNote(
                "Record of loans",
                date(2018, 3, 16),
                "State Library notice",
                "Storm closings",
                "D. Brewer",
                "R. Castellano",
            ),
        ),
        spending_due_on=None,
    )


def payment_list(libraries: int = 192, run: RunFacts = RUN) -> PaymentList:
    """A list long enough to run over several pages; the last library is not in order."""
    lines = tuple(
        PaymentLine(f"CT{n:04}", _name(n), 18000 + n, 9000, 9000 + n, 183000 + n, 183000, 366000 + n, 0)
        for n in range(libraries - 1)
    )
    lines += (PaymentLine("CT9999", _name(1), 18000, 9000, 9000, 183000, 183000, 0, 366000, (UNMET,)),)
    paid = sum(line.payment_cents for line in lines)
    totals = PaymentTotals(
        libraries=libraries,
        loans=sum(line.loans for line in lines),
        net_plus=sum(line.net_plus for line in lines),
        transactions_share_cents=35181900,
        net_plus_share_cents=35181900,
        paid_cents=paid,
        withheld_cents=366000,
        undistributed_cents=70363800 - paid - 366000,
        libraries_paid=libraries - 1,
        libraries_withheld=1,
    )
    return PaymentList(run=run, lines=lines, totals=totals, made_from=MADE_FROM)


def use_report(libraries: int = 192) -> UseReport:
    """One library reported none, one did not report and does not take part."""
    lines = (
        UseLine("CT0001", "Zero Public Library", "Avon", True, 0, 12, 30, 0),
        UseLine("CT0002", "Silent Public Library", "Bolton", False, None, None, 44, None),
        *(
            UseLine(f"CT{n:04}", _name(n), "Canton", True, 100 + n, 90, 80, 20 + n)
            for n in range(3, libraries + 1)
        ),
    )
    return UseReport(
        fiscal_year=2018,
        measured_from=date(2017, 3, 1),
        measured_to=date(2018, 2, 28),
        lines=lines,
        libraries=libraries,
        libraries_reporting=libraries - 1,
        libraries_not_reporting=1,
        loans=3580340,
        net_plus=1590946,
        years=(
            YearOfUse(2017, date(2016, 3, 1), date(2017, 2, 28), None),
            YearOfUse(2018, date(2017, 3, 1), date(2018, 2, 28), 3580340),
        ),
        made_from=MADE_FROM,
        estimate="Lender totals published; borrower split estimated.",
        towns=tuple(
            TownOfUse(town.number, town.name, 1, 1000 * town.number, 7 * town.number)
            if town.number > 4
            else TownOfUse(town.number, town.name, 0, None, None)
            for town in outlines()
        ),
        rules=RULES,
        sources=("Connecticut State Library, a statistical profile",),
    )


def participating_libraries(libraries: int = 192) -> ParticipatingLibraries:
    """A list with a library that serves a second town and one whose letter is older than the records."""
    lines = tuple(
        ParticipatingLibrary(
            f"CT{n:04}",
            _name(n),
            "Salem",
            ("Bozrah",) if n == 1 else (),
            date(1984, 1, 12) if n else None,
        )
        for n in range(libraries)
    )
    silent = (LibraryWithoutLetter("CT9998", _name(2), "Salem"),)
    return ParticipatingLibraries(date(2018, 2, 28), lines, libraries, 169, 169, silent, MADE_FROM)


def expenditure_summary() -> ExpenditureSummary:
    """Two libraries owe a report, one has filed it."""
    return ExpenditureSummary(
        due_on=date(2019, 11, 1),
        receipt_fiscal_year=2018,
        libraries_owing=2,
        libraries_reporting=1,
        received_cents=243337,
        spent_cents=200000,
        held_cents=43337,
        categories=(SpendingCategory("Books", 1, 150000), SpendingCategory("Programs", 1, 50000)),
        lines=(
            SpendingLine("CT0001", _name(0), "Andover", 243337, 200000, 43337, date(2019, 10, 2)),
            SpendingLine("CT0002", _name(1), "Ansonia", 100, None, None, None),
        ),
        made_from=MADE_FROM,
    )


def empty_expenditure_summary() -> ExpenditureSummary:
    """Nobody has reported."""
    return replace(
        expenditure_summary(),
        libraries_owing=2,
        libraries_reporting=0,
        received_cents=0,
        spent_cents=0,
        held_cents=0,
        categories=(),
        lines=(),
    )


def correction_statement() -> CorrectionPaper:
    """A second statement: one library overpaid, one underpaid, one that was never paid."""
    figures = (
        ("CT0001", "Andover Public Library", 800_00, 777_78, 765_96, "receivable: overpaid"),
        ("CT0002", "Ansonia Library", 150_00, 172_22, 178_04, "recorded claim: underpaid"),
        ("CT0003", "Babcock Library", 50_00, 50_00, 56_00, "nothing was paid, so nothing is owed either way"),
        ("CT0004", "Avon Free Public Library", 0, 0, 0, "no difference"),
    )
    return CorrectionPaper(
        run="Payment run 2018-1",
        fiscal_year=2018,
        measured_from=RUN.measured_from,
        measured_to=RUN.measured_to,
        number=2,
        lines=tuple(
            CorrectionPaperLine(
                library_key=key,
                library_name=name,
                loans_before=30,
                loans=25,
                borrows_before=20,
                borrows=22,
                certified_cents=certified,
                stated_cents=stated,
                corrected_cents=corrected,
                difference_cents=corrected - stated,
                total_cents=corrected - certified,
                settlement=settlement,
            )
            for key, name, certified, stated, corrected, settlement in figures
        ),
        amendments=(
            "Andover Public Library, March 2017 to August 2017: lent 30 before, 25 by version 2, certified "
            "July 20, 2018 (a branch was counted twice).",
        ),
        receivable_cents=34_04,
        claim_cents=28_04,
        not_paid_cents=6_00,
        difference_cents=0,
        total_cents=0,
        appropriation_cents=1000_00,
        undistributed_cents=0,
        prepared_by="Dana Brewer",
        certified_by="Robin Castellano",
        certified_on=date(2018, 8, 2),
        attestation="I certify that correction statement 2 follows from the certified filings on record.",
        estimate="",
        made_from=replace(MADE_FROM, source="correction statement 2 of Payment run 2018-1"),
    )


_LONGEST = "Prosser Public Library and Wintonbury Branch of Bloomfield-on-the-Farmington"


def board_order(count: int = 192, **changes) -> BoardOrderPaper:
    """An order to pay so many libraries, not adopted yet; the first has the longest name, one a successor."""
    cents = [100_000 + 37 * number for number in range(count)]
    order = BoardOrderPaper(
        run=RUN,
        run_name="2018-7",
        payments=tuple(
            OrderedPayment(
                f"CT{number:04}",
                _LONGEST if number == 0 else _name(number),
                amount,
                _LONGEST if number == 1 else "",
            )
            for number, amount in enumerate(cents)
        ),
        cents=sum(cents),
        totals=PaymentTotals(
            libraries=count + 2,
            loans=3580340,
            net_plus=1590946,
            transactions_share_cents=35181900,
            net_plus_share_cents=35181900,
            paid_cents=sum(cents),
            withheld_cents=70363800 - sum(cents),
            undistributed_cents=0,
            libraries_paid=count,
            libraries_withheld=1,
        ),
        last_day=date(2018, 6, 30),
        made_from=MADE_FROM,
    )
    return replace(order, **changes)


def adopted_order(**changes) -> BoardOrderPaper:
    """An order as the Board adopted it."""
    return board_order(3, number="2018-11", dated=date(2018, 4, 23), **changes)
