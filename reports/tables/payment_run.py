"""The tables of the documents of a payment run: statements, the payment list, correction statements."""

from reports.contents import CorrectionPaper, PaymentList, PaymentStatement, RunFacts, WaiverNote
from reports.tables.columns import KEY, NAME, NOT_COUNTED, dollars, items
from reports.tables.table import Column, Kind, Table


def payment_statement(statement: PaymentStatement) -> tuple[Table, ...]:
    """Return the figures of one library in one row, then what they rest on."""
    run, change = statement.run, statement.change
    guessed = bool(run.estimate)
    payment = Table(
        name="payment",
        title=statement.title,
        columns=(
            KEY,
            NAME,
            items("fiscal_year", "Fiscal year", unit="year"),
            Column("measured_from", "Loans from", Kind.DAY),
            Column("measured_to", "Loans to", Kind.DAY),
            items("loans", "Loans", NOT_COUNTED, blank="n/c"),
            items("borrows", "Borrows", is_estimated=guessed),
            items("net_plus", "Net plus", is_estimated=guessed),
            dollars("transactions_share", "Transactions share"),
            dollars("net_plus_share", "Net-plus share", is_estimated=guessed),
            dollars("payment", "Payment", is_estimated=guessed),
            dollars("withheld", "Withheld", is_estimated=guessed),
            Column("estimated", "Estimated", Kind.YES_NO),
            *([dollars("payment_the_year_before", "Payment the year before")] if change else []),
            *(
                dollars(f"change_by_{cause.cause}", f"Change by {cause.label}", is_estimated=guessed)
                for cause in (change.causes if change else ())
            ),
        ),
        rows=(
            (
                statement.library_key,
                statement.library_name,
                run.fiscal_year,
                run.measured_from,
                run.measured_to,
                statement.loans,
                statement.borrows,
                statement.net_plus,
                statement.transactions.share_cents,
                statement.net_plus_division.share_cents,
                statement.payment_cents,
                statement.withheld_cents,
                guessed,
                *([change.before_cents] if change else []),
                *(cause.cents for cause in (change.causes if change else ())),
            ),
        ),
        key=("library",),
        heading="name",
    )
    return payment, *_waivers(statement.waivers)


def payment_list(payments: PaymentList) -> tuple[Table, ...]:
    """Return the payment of each library, what is withheld and why, and the waivers."""
    guessed = bool(payments.run.estimate)
    totals = payments.totals
    libraries = Table(
        name="payments",
        title=payments.title,
        caption="Every participating library in order of its key. Transactions share: half of the "
        "appropriation by loans. Net-plus share: the other half by net-plus loans.",
        columns=(
            KEY,
            NAME,
            items("loans", "Loans", NOT_COUNTED, blank="n/c"),
            items("borrows", "Borrows", is_estimated=guessed),
            items("net_plus", "Net plus", is_estimated=guessed),
            dollars("transactions_share", "Transactions share"),
            dollars("net_plus_share", "Net-plus share", is_estimated=guessed),
            dollars("payment", "Payment", is_estimated=guessed),
            dollars("withheld", "Withheld", is_estimated=guessed),
            Column("unmet", "Requirements not met", Kind.TEXT, note="Their citations."),
        ),
        rows=tuple(
            (
                line.library_key,
                line.library_name,
                line.loans,
                line.borrows,
                line.net_plus,
                line.transactions_share_cents,
                line.net_plus_share_cents,
                line.payment_cents,
                line.withheld_cents,
                "; ".join(unmet.citation for unmet in line.unmet),
            )
            for line in payments.lines
        ),
        key=("library",),
        heading="name",
        total=(
            None,
            "All libraries",
            totals.loans,
            None,
            totals.net_plus,
            totals.transactions_share_cents,
            totals.net_plus_share_cents,
            totals.paid_cents,
            totals.withheld_cents,
            None,
        ),
    )
    return libraries, _appropriation(payments), *_not_in_order(payments), *_waivers(payments.waivers)


def _appropriation(payments: PaymentList) -> Table:
    run: RunFacts = payments.run
    totals = payments.totals
    return Table(
        name="appropriation",
        title="Where the appropriation goes",
        caption="Paid, withheld and undistributed make the appropriation to the cent.",
        columns=(
            Column("part", "Part", Kind.TEXT),
            items("libraries", "Libraries", unit="libraries"),
            dollars("amount", "Amount"),
        ),
        rows=(
            ("Paid", totals.libraries_paid, totals.paid_cents),
            ("Withheld", totals.libraries_withheld, totals.withheld_cents),
            ("Undistributed", None, totals.undistributed_cents),
        ),
        key=("part",),
        total=("Appropriation", None, run.appropriation_cents),
    )


def _not_in_order(payments: PaymentList) -> tuple[Table, ...]:
    rows = tuple(
        (line.library_key, line.library_name, unmet.citation, unmet.reason, unmet.cure)
        for line in payments.withheld_lines
        for unmet in line.unmet
    )
    if not rows:
        return ()
    return (
        Table(
            name="not_in_order",
            title="Libraries not in order",
            caption="What each library still has to do.",
            columns=(
                KEY,
                NAME,
                Column("citation", "Citation", Kind.TEXT),
                Column("reason", "Reason", Kind.TEXT),
                Column("cure", "Cure", Kind.TEXT),
            ),
            rows=rows,
            heading="name",
        ),
    )


def _waivers(waivers: tuple[WaiverNote, ...]) -> tuple[Table, ...]:
    if not waivers:
        return ()
    return (
        Table(
            name="waivers",
            title="Waivers",
            columns=(
                Column("requirement", "Requirement", Kind.TEXT),
                Column("until", "Until", Kind.DAY),
                Column("authority", "Authority", Kind.TEXT),
                Column("reason", "Reason", Kind.TEXT),
                Column("granted_by", "Granted by", Kind.TEXT),
                Column("approved_by", "Approved by", Kind.TEXT),
            ),
            rows=tuple(
                (
                    waiver.requirement,
                    waiver.until,
                    waiver.authority,
                    waiver.reason,
                    waiver.granted_by,
                    waiver.approved_by,
                )
                for waiver in waivers
            ),
        ),
    )


def correction_statement(correction: CorrectionPaper) -> tuple[Table, ...]:
    """Return the difference of each library of the run."""
    guessed = bool(correction.estimate)
    return (
        Table(
            name="libraries",
            title=correction.title,
            caption="Shares divided again by the filings as they stand. Total: since the certificate.",
            columns=(
                KEY,
                NAME,
                items("loans_certified", "Loans as certified"),
                items("loans_corrected", "Loans now"),
                items("borrows_certified", "Borrows as certified", is_estimated=guessed),
                items("borrows_corrected", "Borrows now", is_estimated=guessed),
                dollars("share_certified", "Share as certified", is_estimated=guessed),
                dollars("share_last_stated", "Share as last stated", is_estimated=guessed),
                dollars("share_corrected", "Share now", is_estimated=guessed),
                dollars("difference", "Difference", is_estimated=guessed),
                dollars("total_difference", "Total", is_estimated=guessed),
                Column("settlement", "What the total is", Kind.TEXT),
            ),
            rows=tuple(
                (
                    line.library_key,
                    line.library_name,
                    line.loans_before,
                    line.loans,
                    line.borrows_before,
                    line.borrows,
                    line.certified_cents,
                    line.stated_cents,
                    line.corrected_cents,
                    line.difference_cents,
                    line.total_cents,
                    line.settlement,
                )
                for line in correction.lines
            ),
            key=("library",),
            heading="name",
        ),
    )
