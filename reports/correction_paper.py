"""What a correction statement says, gathered from the statement as it was certified."""

from connecticard.canonical_json import sha256_of
from libraries.models import LibraryName
from payments.correcting.corrections import amendments
from payments.explaining.explanation import estimate_of
from payments.models import CorrectionStatement
from payments.rules.correction import Settlement
from reports.contents import CorrectionPaper, CorrectionPaperLine, MadeFrom
from transactions.rules._wording import written_day
from transactions.rules.filing_calendar import eastern_day


def correction_paper(statement: CorrectionStatement) -> CorrectionPaper:
    """Return a certified correction statement as its document says it (4(a) to (c))."""
    assert statement.certified_at is not None, "only a certified statement has a document"
    run = statement.run
    payments = {payment.library_id: payment for payment in run.payments.all()}
    names = LibraryName.objects.borne_on(run.measured.last_day)
    lines = list(statement.lines.select_related("library").order_by("library__key"))
    paper_lines = tuple(
        CorrectionPaperLine(
            library_key=line.library.key,
            library_name=names.get(line.library_id, line.library.name),
            loans_before=payments[line.library_id].loans,
            loans=line.loans,
            borrows_before=payments[line.library_id].borrows,
            borrows=line.borrows,
            certified_cents=line.certified_cents,
            stated_cents=line.stated_cents,
            corrected_cents=line.corrected_cents,
            difference_cents=line.difference_cents,
            total_cents=line.total_cents,
            settlement=line.settlement.label,
        )
        for line in lines
    )

    def total(kind: Settlement) -> int:
        return sum(abs(line.total_cents) for line in lines if line.settlement is kind)

    return CorrectionPaper(
        run=str(run),
        fiscal_year=run.fiscal_year,
        measured_from=run.measured.first_day,
        measured_to=run.measured.last_day,
        number=statement.number,
        lines=paper_lines,
        amendments=tuple(map(str, amendments(statement))),
        receivable_cents=total(Settlement.RECEIVABLE),
        claim_cents=total(Settlement.CLAIM),
        not_paid_cents=sum(line.total_cents for line in lines if line.settlement is Settlement.NOT_PAID),
        difference_cents=sum(line.difference_cents for line in lines),
        total_cents=sum(line.total_cents for line in lines),
        appropriation_cents=run.appropriation_cents or 0,
        undistributed_cents=statement.undistributed_cents,
        prepared_by=str(statement.prepared_by),
        certified_by=str(statement.certified_by),
        certified_on=eastern_day(statement.certified_at),
        attestation=statement.attestation,
        estimate=estimate_of(statement.filings.values("filing")),
        made_from=made_from_correction(
            statement,
            [
                [
                    line.library_key,
                    line.library_name,
                    line.certified_cents,
                    line.stated_cents,
                    line.corrected_cents,
                    line.settlement,
                ]
                for line in paper_lines
            ],
        ),
    )


def made_from_correction(statement: CorrectionStatement, lines: list[list[object]]) -> MadeFrom:
    """Return the origin of a document that a certified correction statement makes."""
    assert statement.certified_at is not None, "only a certified statement has documents"
    on = eastern_day(statement.certified_at)
    return MadeFrom(
        source=f"{statement}, certified {written_day(on)}",
        rulebook_edition=statement.rulebook_edition,
        data_sha256=sha256_of({"correction": [statement.number, statement.manifest_sha256], "lines": lines}),
        dated=on,
    )
