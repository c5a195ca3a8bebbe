"""A run worked out again from what was frozen with it, years later if need be."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from connecticard.canonical_json import sha256_of
from connecticard.models import AuditEvent
from connecticard.rulebook import Entry, Rulebook
from payments.calculation import manifest_sha256, split_of
from payments.counting import CountedDays, loans_and_borrows
from payments.models import PaymentRun
from payments.proving import rulebook_editions
from payments.proving.frozen_run import FrozenRun
from payments.proving.rulebook_editions import Entries
from payments.rules import grant_formula
from payments.rules.grant_formula import GrantSplit, LibraryActivity
from transactions.rules._wording import written_span
from transactions.services import filing_fingerprints

NOTHING = "nothing"
CERTIFIED = "payment_run_certified"
"""The act that an audit event notes with the SHA-256 of the manifest."""


@dataclass(frozen=True)
class Difference:
    """Something that the record says and the re-computation does not."""

    what: str
    recorded: str
    recomputed: str

    def __str__(self) -> str:
        return f"{self.what}: recorded {self.recorded}, recomputed {self.recomputed}"


def differences(run: PaymentRun) -> list[Difference]:
    """Return every difference between a run as recorded and as worked out again; none where it is proved.

    Uses the filings, participation, requirements, policy and amount frozen with the run, and the entries of
    its rulebook edition as they were kept. Letters, residency and filings that came later play no part. An
    entry that today's rulebook has otherwise for those years is a difference of its own: the law of a past
    year gets a later entry, never another value.
    """
    frozen = FrozenRun.of(run)
    counted = frozen.days
    totals = loans_and_borrows(counted)
    activity = [
        LibraryActivity(line.library.key, *totals.get(line.library_id, (0, 0)), eligible=line.eligible)
        for line in frozen.payments
    ]
    entries = rulebook_editions.kept(run.rulebook_edition)
    todays = rulebook_editions.todays_entries(run.fiscal_year)
    edition = sha256_of(todays if entries is None else entries)
    split = split_of(
        activity,
        run.fiscal_year,
        run.appropriation_cents or 0,
        withheld=run.withheld_policy,
        under=grant_formula.RULEBOOK if entries is None else Rulebook(map(Entry.from_canonical, entries)),
    )
    inputs = sha256_of(frozen.inputs(activity, edition))
    found = [
        Difference(what, str(recorded), str(recomputed))
        for what, recorded, recomputed in (
            ("transactions pool in cents", run.transactions_pool_cents, split.transactions_pool_cents),
            ("net-plus pool in cents", run.net_plus_pool_cents, split.net_plus_pool_cents),
            ("undistributed cents", run.undistributed_cents, split.undistributed_cents),
            ("mark of estimated counts", run.estimated, any(days.estimated for days in counted)),
            ("rulebook edition", run.rulebook_edition, edition),
            ("SHA-256 of the inputs", run.inputs_sha256, inputs),
            ("SHA-256 of the manifest", run.manifest_sha256, manifest_sha256(inputs, split)),
        )
        if recorded != recomputed
    ]
    return [
        *found,
        *_other_than_certified(run),
        *_entry_differences(entries or todays, todays),
        *_filing_differences(counted),
        *_line_differences(frozen, split),
        *_missing_lines(frozen, totals),
    ]


def _other_than_certified(run: PaymentRun) -> list[Difference]:
    """Return the hash noted when the run was certified, else at its first verification, if it is another.

    Figures and hashes that were all replaced together prove themselves; they do not bear this one out.
    """
    if run.certified_at is None:
        return []
    certificates = AuditEvent.objects.filter(
        action=CERTIFIED, target_type=run._meta.label_lower, target_id=run.pk
    ).order_by("pk")
    verifications = run.verifications.filter(verified_at__gte=run.certified_at).order_by("pk")
    noted = (
        certificates.values_list("after__manifest_sha256", flat=True).first()
        or verifications.values_list("manifest_sha256", flat=True).first()
    )
    if noted is None or noted == run.manifest_sha256:
        return []
    return [Difference("SHA-256 of the manifest as certified", str(noted), run.manifest_sha256)]


def _entry_differences(kept: Entries, todays: Entries) -> list[Difference]:
    """Return each entry of the edition that today's rulebook has otherwise, or no more, or anew."""
    was, now = (_by_name(entries) for entries in (kept, todays))
    return [
        Difference(f"rulebook entry {name}", _written(was.get(name)), _written(now.get(name)))
        for name in sorted(was.keys() | now.keys())
        if was.get(name) != now.get(name)
    ]


def _by_name(entries: Entries) -> dict[str, Mapping[str, Any]]:
    return {
        entry["key"] + (f", from {entry['effective_from']}" if entry["effective_from"] else ""): entry
        for entry in entries
    }


def _written(entry: Mapping[str, Any] | None) -> str:
    return NOTHING if entry is None else f"{entry['value']} ({entry['label']}, {entry['citation']})"


def _filing_differences(counted: Collection[CountedDays]) -> list[Difference]:
    """Return each filing whose counts are not those that its fingerprint was taken of."""
    fingerprints = filing_fingerprints({days.filing_id for days in counted})
    return [
        Difference(
            f"{days.library_key}, SHA-256 of the filing for {written_span(days.counted)}",
            days.sha256,
            fingerprints[days.filing_id],
        )
        for days in counted
        if days.sha256 != fingerprints[days.filing_id]
    ]


def _line_differences(frozen: FrozenRun, split: GrantSplit) -> list[Difference]:
    found = [
        Difference(f"{was.key}, {column.replace('_', ' ')}", str(recorded), str(getattr(line, column)))
        for was, line in zip(frozen.split.lines, split.lines, strict=True)
        for column, recorded in vars(was).items()
        if recorded != getattr(line, column)
    ]
    for line in frozen.payments:
        unmet = [requirement.citation for requirement in line.unmet_requirements.all()]
        if line.eligible == bool(unmet):
            found.append(
                Difference(
                    f"{line.library.key}, requirements",
                    "all met" if line.eligible else "not all met",
                    ", ".join(unmet) or "all met",
                )
            )
    return found


def _missing_lines(frozen: FrozenRun, totals: Mapping[int, tuple[int, int]]) -> list[Difference]:
    """Return each library whose filing counts and that has no line."""
    with_a_line = {line.library_id for line in frozen.payments}
    lenders = {row.filing.library_id: row.filing.library.key for row in frozen.counted}
    return [
        Difference(f"{key}, line", NOTHING, f"{totals.get(pk, (0, 0))[0]} loans")
        for pk, key in sorted(lenders.items(), key=lambda lender: lender[1])
        if pk not in with_a_line
    ]
