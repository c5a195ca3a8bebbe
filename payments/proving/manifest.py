"""The manifest of a run: what it rests on, what came out, by which law and program, and who did it when.

`inputs`, `results` and `rulebook` are exactly the values that the three hashes of the run are taken of, as
canonical JSON (keys sorted, UTF-8, no spaces); they stand in `sha256`. That of the results names the run: it
covers the hash of the inputs, which covers that of the rulebook entries. The rest stands beside them for the
reader: documents, reasons, people, times.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from connecticard.clock import EASTERN
from connecticard.models import User
from libraries.models import LibraryName
from payments.calculation import hashed_results, rates_of
from payments.models import Payment, PaymentRun
from payments.proving import rulebook_editions
from payments.proving.frozen_run import FrozenRun, filed_days
from transactions.rules.filing_calendar import Span

FORMAT = 1


def manifest_of(frozen: FrozenRun, files: Mapping[str, str]) -> dict[str, Any]:
    """Return the manifest of a calculated run as a value for canonical JSON.

    `files` holds the SHA-256 of the bytes of each file that is offered with it, by name.
    """
    run = frozen.run
    per_loan, per_net_plus = rates_of(run)
    former = LibraryName.objects.borne_on(run.measured.last_day)
    return {
        "format": FORMAT,
        "run": f"{run.fiscal_year}-{run.number}",
        "status": run.status,
        "estimated": run.estimated,
        "inputs": frozen.inputs(frozen.activity, run.rulebook_edition),
        "results": hashed_results(run.inputs_sha256, frozen.split),
        "rulebook": list(rulebook_editions.entries_of(run)),
        "sha256": {
            "inputs": run.inputs_sha256,
            "results": run.manifest_sha256,
            "rulebook": run.rulebook_edition,
        },
        "rates": {"per_loan": per_loan, "per_net_plus": per_net_plus},
        "appropriation": _appropriation(run),
        "policy": {"withheld": run.withheld_policy, "board_decision": run.board_decision},
        "filings": _filings(frozen),
        "libraries": [_library(line, former) for line in frozen.payments],
        "code_version": run.code_version,
        "steps": {
            "prepared": _done(run.prepared_by, run.prepared_at),
            "calculated": _done(run.calculated_by, run.calculated_at),
            "certified": _done(run.certified_by, run.certified_at) | {"statement": run.attestation},
            "voided": _done(run.voided_by, run.voided_at) | {"reason": run.void_reason},
        },
        "files": dict(files),
    }


def _appropriation(run: PaymentRun) -> dict[str, Any]:
    """Return the act, and the dated changes of it on record."""
    appropriation = run.appropriation
    return {
        "cents_divided": run.appropriation_cents,
        "cents_of_the_act": appropriation.cents,
        "act": appropriation.act,
        "enacted_on": _day(appropriation.enacted_on),
        "source": appropriation.source,
        "changes": [
            {"on": _day(change.on), "cents": change.cents, "document": change.document}
            for change in appropriation.changes.all()
        ],
    }


def _filings(frozen: FrozenRun) -> list[dict[str, Any]]:
    """Return each filing that counts, with the spans of it that do; by library and day.

    The SHA-256 of what it says, with its counts from the inputs as `counts`, is its fingerprint: the one on
    the receipt that its library got. The n-th filing is number n in the file of inputs.
    """
    filings = {row.filing_id: row.filing for row in frozen.counted}
    return [
        {
            "says": {
                "library": filing.library.key,
                "period": _days(filing.period.span),
                "covers": _days(filed.covers),
                "basis": filing.basis,
                "provenance": filing.provenance,
            },
            "version": filing.version,
            "provenance_note": filing.provenance_note,
            "certified_at": _moment(filing.certified_at),
            "sha256": filing.sha256,
            "counted": [_days(span) for span in filed.counted],
        }
        for filed in filed_days(frozen.run)
        for filing in [filings[filed.filing_id]]
    ]


def _library(line: Payment, former: dict[int, str]) -> dict[str, Any]:
    return {
        "library": line.library.key,
        "name": former.get(line.library_id, line.library.name),
        "in_order": line.eligible,
        "unmet": [
            {
                "code": unmet.code,
                "citation": unmet.citation,
                "reason": unmet.reason,
                "cure": unmet.cure,
            }
            for unmet in line.unmet_requirements.all()
        ],
    }


def _done(by: User | None, at: datetime | None) -> dict[str, str | None]:
    return {"by": str(by) if by else None, "at": _moment(at)}


def _days(span: Span) -> list[str]:
    return [span.first_day.isoformat(), span.last_day.isoformat()]


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(EASTERN).isoformat() if at else None
