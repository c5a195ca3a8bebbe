"""Who has met the requirements for payment and who has not, with the evidence on record and the cure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from libraries.models import Library
from payments import standing
from payments.models import PaymentRun, UnmetRequirement
from payments.owing import owed
from payments.owing.owed import Owed
from payments.rules.eligibility import Code


@dataclass(frozen=True)
class Concerned:
    """A library that has not met a requirement; `item` is what it owes by it, if anything."""

    library: Library
    item: Owed | None


@dataclass(frozen=True)
class Requirement:
    """A requirement and everybody who has not met it for the same reason."""

    code: str
    matter: str
    citation: str
    reason: str
    cure: str
    concerned: Sequence[Concerned]

    @property
    def entry(self) -> str:
        """The key of the entry of the rulebook that it rests on; empty for a code of another edition."""
        return _ENTRIES.get(Code(self.code), "") if self.code in set(Code) else ""

    @property
    def can_be_asked_for(self) -> bool:
        """Whether a reminder can go to one of them today."""
        return any(each.item is not None and each.item.can_be_asked_for for each in self.concerned)


# The entry of the rulebook that each requirement rests on.
_ENTRIES = {
    Code.LETTER_NOT_ON_FILE: "eligibility.letter_required",
    Code.SUCCESSOR_NOT_ON_RECORD: "eligibility.successor_required",
    Code.LEGAL_STANDING_NOT_ON_RECORD: "eligibility.legal_standing_required",
    Code.FILING_MISSING: "eligibility.filings_required",
    Code.FILING_LATE: "eligibility.filings_required",
    Code.FILING_NOT_CERTIFIED: "eligibility.certificate_may_be_waived",
    Code.EXPENDITURE_REPORT_MISSING: "eligibility.expenditure_report_required",
    Code.EXPENDITURE_REPORT_LATE: "eligibility.expenditure_report_required",
    Code.EXPENDITURE_REPORT_NOT_CERTIFIED: "eligibility.expenditure_report_required",
    Code.MONEY_RECEIVED_UNKNOWN: "eligibility.nothing_received_counts_as_met",
    Code.STATISTICAL_REPORT_NOT_FILED: "eligibility.statistical_report_required",
}


@dataclass(frozen=True)
class Requirements:
    """The requirements not met, the most common first; `met` libraries of `libraries` have met every one.

    `frozen` says that these are those of the certificate, and not those of today.
    """

    unmet: Sequence[Requirement]
    met: int
    libraries: int
    frozen: bool

    @property
    def not_met(self) -> int:
        """The number of libraries that have not met one."""
        return self.libraries - self.met


def of_run(run: PaymentRun, *, today: date) -> Requirements:
    """Return who has not met what: as certified once a run is certified, else as it stands today.

    Source: Regs. Conn. State Agencies § 11-31c-2, 11-31c-4(a).
    """
    frozen = run.certified_at is not None
    rows = _frozen(run) if frozen else _today(run, today)
    libraries = run.payments.count() if frozen else len(_libraries(run))
    unmet = {library.pk for library, *_ in rows}
    items = {} if frozen else _items({library for library, *_ in rows}, today)
    groups: dict[tuple[str, str, str, str, str], list[Concerned]] = {}
    for library, *key in rows:
        code, matter, citation, reason, cure = key
        groups.setdefault((code, matter, citation, reason, cure), []).append(
            Concerned(library, items.get((library.pk, matter)) if matter else None)
        )
    return Requirements(
        unmet=[
            Requirement(*key, sorted(concerned, key=lambda each: each.library.name))
            for key, concerned in sorted(groups.items(), key=lambda group: -len(group[1]))
        ],
        met=libraries - len(unmet),
        libraries=libraries,
        frozen=frozen,
    )


def owed_of(run: PaymentRun, *, code: str, matter: str, today: date) -> list[Owed]:
    """Return what the libraries owe that have not met one requirement of a run today."""
    return [
        each.item
        for requirement in of_run(run, today=today).unmet
        if (requirement.code, requirement.matter) == (code, matter)
        for each in requirement.concerned
        if each.item is not None
    ]


_Row = tuple[Library, str, str, str, str, str]


def _today(run: PaymentRun, today: date) -> list[_Row]:
    if run.assumed_eligible:
        return []
    libraries = _libraries(run)
    by_key = {library.key: library for library in libraries}
    return [
        (by_key[key], unmet.code.value, unmet.matter, unmet.citation, unmet.reason, unmet.cure)
        for key, found in standing.unmet_by_library(run.fiscal_year, libraries, on=today).items()
        for unmet in found
    ]


def _frozen(run: PaymentRun) -> list[_Row]:
    return [
        (row.payment.library, row.code, "", row.citation, row.reason, row.cure)
        for row in UnmetRequirement.objects.filter(payment__run=run).select_related("payment__library")
    ]


def _libraries(run: PaymentRun) -> list[Library]:
    if run.assumed_eligible:
        return list(Library.objects.filter(pk__in=standing.open_days(run.measured)))
    return list(
        Library.objects.filter(pk__in=standing.days_with_a_letter(run.measured)).select_related("town")
    )


def _items(libraries: Iterable[Library], today: date) -> dict[tuple[int, str], Owed]:
    return {(item.library.pk, item.matter): item for item in owed.owed_by(list(libraries), today)}
