"""How far something owed has come, who can take the next step, and whether it can be asked for.

The library's page, the staff's work list and the reminders read this one rule.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from payments.rules.eligibility import (
    ExpenditureReportOwed,
    FilingOwed,
    State,
    expenditure_report_state,
    filing_state,
)
from transactions.rules.filing_status import FilingStatus


class Progress(StrEnum):
    """How far something owed has come against its day; each thing owed is in one of these."""

    TO_COME = "to come"
    DUE = "due"
    MISSING = "missing"
    SUBMITTED = "submitted, not certified"
    CERTIFIED = "certified"
    UNKNOWN = "money received unknown"


class Stage(StrEnum):
    """What is on record of it, whatever the day; each thing owed is in one of these."""

    NOT_STARTED = "not started"
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    CERTIFIED = "certified"


class NextStep(StrEnum):
    """What somebody at the library has to do with it next."""

    ENTER = "enter and submit"
    CERTIFY = "certify"


@dataclass(frozen=True)
class Whereabouts:
    """How something owed stands on a day.

    `last_day` is its due date or the later day of a waiver. `is_late`: it came, or still does not come, after
    that day. `is_accepted_late`: it came after the law's date and a waiver takes it as in time. `next_step`
    is None where nothing is left to do. `can_be_asked_for`: the library owes it today, can do the next step
    today, and it is certain that it owes it; nobody is reminded of anything else.
    """

    progress: Progress
    stage: Stage
    state: State
    last_day: date
    is_late: bool
    is_accepted_late: bool
    next_step: NextStep | None
    can_be_asked_for: bool


def whereabouts(
    owed: FilingOwed | ExpenditureReportOwed,
    *,
    newest: FilingStatus | None,
    ends_on: date,
    closes_on: date | None,
    takes_part: bool,
    today: date,
) -> Whereabouts:
    """Return how a filing or an expenditure report that is owed stands on a day.

    `newest` is the state of its newest version, None where none was begun; `ends_on` the last day that it
    speaks of, through which it cannot be submitted; `closes_on` the last day on which it can be entered,
    None where no such day is set: what was submitted by then can be certified later too; `takes_part` whether
    the library participates on a day of the years that are open, because only who does so owes anything. What
    is certified stays done while a correction of it is worked on. An expenditure report is certain to be owed
    only where the ledger says that money was received.

    Source: Regs. Conn. State Agencies § 11-31c-2(a), (d), (e); C.G.S. § 11-31b.
    """
    if isinstance(owed, ExpenditureReportOwed):
        state, is_certain = expenditure_report_state(owed), bool(owed.received_cents)
    else:
        state, is_certain = filing_state(owed), True
    last_day = max(owed.due_on, owed.waived_until or owed.due_on)
    progress = _progress(owed, state, last_day, ends_on, today)
    next_step = None if state is State.NOTHING_RECEIVED else _next_step(owed.certified, newest)
    return Whereabouts(
        progress=progress,
        stage=_stage(owed.certified, newest),
        state=state,
        last_day=last_day,
        is_late=state is State.LATE or progress is Progress.MISSING,
        is_accepted_late=_accepted_late(owed),
        next_step=next_step,
        can_be_asked_for=next_step is not None
        and is_certain
        and takes_part
        and today > ends_on
        and (next_step is NextStep.CERTIFY or closes_on is None or today <= closes_on),
    )


def _progress(
    owed: FilingOwed | ExpenditureReportOwed, state: State, last_day: date, ends_on: date, today: date
) -> Progress:
    if state is State.NOTHING_RECEIVED:
        return Progress.CERTIFIED
    if state is State.UNKNOWN:
        return Progress.UNKNOWN
    if owed.submitted_on is not None:
        return Progress.CERTIFIED if owed.certified else Progress.SUBMITTED
    if today > last_day:
        return Progress.MISSING
    return Progress.DUE if today > ends_on else Progress.TO_COME


def _stage(certified: bool, newest: FilingStatus | None) -> Stage:
    if certified:
        return Stage.CERTIFIED
    return Stage(newest.value) if newest else Stage.NOT_STARTED


def _next_step(certified: bool, newest: FilingStatus | None) -> NextStep | None:
    if certified or newest is FilingStatus.CERTIFIED:
        return None
    return NextStep.CERTIFY if newest is FilingStatus.SUBMITTED else NextStep.ENTER


def _accepted_late(owed: FilingOwed | ExpenditureReportOwed) -> bool:
    return (
        owed.submitted_on is not None
        and owed.waived_until is not None
        and owed.due_on < owed.submitted_on <= owed.waived_until
    )
