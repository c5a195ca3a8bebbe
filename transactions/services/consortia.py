"""Drafts for the members of a consortium, made by its filer from one file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from connecticard import permissions
from connecticard.models import User
from connecticard.permissions import Action
from libraries.models import Library
from transactions.models import Filing, FilingBasis, FilingPeriod
from transactions.rules.filing_calendar import eastern_day
from transactions.services.checking import Cells
from transactions.services.counts import save_counts
from transactions.services.filings import start_filing
from transactions.services.refusals import CellProblem, CountsRefused, FilingChanged, FilingRefused


@dataclass(frozen=True)
class MemberDraft:
    """What to save for one member and period: into a draft as it was seen, or into a new one (None)."""

    library: Library
    period: FilingPeriod
    filing: Filing | None
    revision: int | None
    cells: Cells


@dataclass(frozen=True)
class DraftOutcome:
    """What became of one draft: saved where `problem` is empty, else why not and what to do.

    `cells` are those in which something is wrong, where it is they that are.
    """

    library: Library
    period: FilingPeriod
    filing: Filing | None
    problem: str = ""
    cells: Sequence[CellProblem] = ()


def save_member_drafts(*, drafts: Sequence[MemberDraft], by: User, at: datetime) -> list[DraftOutcome]:
    """Save drafts one by one, each whole or not at all, and return what became of each.

    A draft that somebody else saved or submitted since it was seen is left as it is; the others are saved.
    Raises PermissionDenied, before anything is saved, for a library that the person does not file for.
    """
    reach = set(
        permissions.libraries_for(by, Action.ENTER_COUNTS, on=eastern_day(at)).values_list("pk", flat=True)
    )
    for draft in drafts:
        if draft.library.pk not in reach:
            permissions.check(by, Action.ENTER_COUNTS, draft.library, on=eastern_day(at))
    return [_save(draft, by, at) for draft in drafts]


def _save(draft: MemberDraft, by: User, at: datetime) -> DraftOutcome:
    try:
        with transaction.atomic():
            filing = draft.filing or start_filing(
                library=draft.library, period=draft.period, basis=FilingBasis.BY_MONTH, by=by, at=at
            )
            filing = save_counts(
                filing=filing,
                counts=draft.cells,
                by=by,
                at=at,
                expected=filing.revision if draft.revision is None else draft.revision,
                nothing_lent=False if any(draft.cells.values()) else None,
            )
    except FilingChanged:
        return DraftOutcome(
            draft.library,
            draft.period,
            draft.filing,
            "Somebody saved this draft after the preview. It stays as they saved it: look at it, then upload "
            "again to see what the file would change now.",
        )
    except CountsRefused as refused:
        return DraftOutcome(draft.library, draft.period, draft.filing, str(refused), refused.problems)
    except FilingRefused as refused:
        return DraftOutcome(draft.library, draft.period, draft.filing, str(refused))
    return DraftOutcome(draft.library, draft.period, filing)
