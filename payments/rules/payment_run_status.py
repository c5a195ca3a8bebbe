"""The statuses of a payment run, the moves between them, and who may certify one."""

from datetime import date
from enum import StrEnum

from connecticard.rulebook import Entry, Label, Rulebook
from transactions.rules._wording import written_day

_CHECKED = date(2026, 11, 21)

RULEBOOK = Rulebook(
    [
        Entry(
            key="payment_run.in_a_fiscal_year",
            value=1,
            citation="Regs. Conn. State Agencies § 11-31c-4(a)",
            label=Label.LAW,
            sentence="Payment is made once in each state fiscal year; one certified run stands for it.",
            last_checked_on=_CHECKED,
            effective_from=date(1994, 1, 31),
        ),
        Entry(
            key="payment_run.preparer_may_certify",
            value=False,
            citation="C.G.S. § 11-31b; Regs. Conn. State Agencies § 11-31c-4(a)",
            label=Label.PRACTICE,
            sentence="A run is certified by another person than the one who prepared it.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="payment_run.certified_before_all_could_file",
            value=False,
            citation="Regs. Conn. State Agencies § 11-31c-4(a) to (c)",
            label=Label.READING,
            sentence="A run is certified after the twelve months that it measures, and when no library can "
            "still file in time or under a waiver.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="payment_run.void_after_disbursement",
            value=False,
            citation="Regs. Conn. State Agencies § 11-31c-4(a)",
            label=Label.READING,
            sentence="A certified run can be voided with a reason and made anew until money is disbursed; "
            "after that a correction statement says what differs, and the split stays.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="payment_run.board_order_required",
            value=True,
            citation="C.G.S. § 11-31b",
            label=Label.LAW,
            sentence="The Board's order, with date and number, precedes the payments sent to the "
            "Comptroller.",
            last_checked_on=_CHECKED,
        ),
    ]
)


class PaymentRunStatus(StrEnum):
    """Where a payment run stands."""

    DRAFT = "draft"
    CALCULATED = "calculated"
    CERTIFIED = "certified"
    VOID = "void"


class PaymentRunStage(StrEnum):
    """How far a run has come: its status, and what followed its certificate."""

    DRAFT = "draft"
    CALCULATED = "calculated"
    CERTIFIED = "certified"
    PUBLISHED = "published"
    ORDERED = "ordered"
    SENT = "sent"
    PAID = "paid"
    VOID = "void"

    @property
    def label(self) -> str:
        """The stage in words for people."""
        return _LABELS[self]


_LABELS = {
    PaymentRunStage.DRAFT: "Draft",
    PaymentRunStage.CALCULATED: "Calculated",
    PaymentRunStage.CERTIFIED: "Certified, not published",
    PaymentRunStage.PUBLISHED: "Published",
    PaymentRunStage.ORDERED: "Ordered by the Board",
    PaymentRunStage.SENT: "Sent to the Comptroller",
    PaymentRunStage.PAID: "Paid",
    PaymentRunStage.VOID: "Void",
}


def stage_of(
    status: PaymentRunStatus,
    *,
    published: bool = False,
    ordered: bool = False,
    sent: bool = False,
    paid: bool = False,
) -> PaymentRunStage:
    """Return how far a run has come: of a certified one, the furthest thing that followed.

    Source: C.G.S. § 11-31b; Regs. Conn. State Agencies § 11-31c-4(a).
    """
    if status is not PaymentRunStatus.CERTIFIED:
        return PaymentRunStage(status)
    followed = (
        (paid, PaymentRunStage.PAID),
        (sent, PaymentRunStage.SENT),
        (ordered, PaymentRunStage.ORDERED),
        (published, PaymentRunStage.PUBLISHED),
    )
    return next((stage for happened, stage in followed if happened), PaymentRunStage.CERTIFIED)


_MOVES = {
    PaymentRunStatus.DRAFT: frozenset({PaymentRunStatus.CALCULATED}),
    PaymentRunStatus.CALCULATED: frozenset({PaymentRunStatus.CALCULATED, PaymentRunStatus.CERTIFIED}),
    PaymentRunStatus.CERTIFIED: frozenset({PaymentRunStatus.VOID}),
    PaymentRunStatus.VOID: frozenset[PaymentRunStatus](),
}


def allowed_moves(status: PaymentRunStatus, *, disbursed: bool = False) -> frozenset[PaymentRunStatus]:
    """Return the statuses that a run may move to; a run that was disbursed stays as it is.

    A calculated run may be calculated again. A certified run may only be voided.

    Source: Regs. Conn. State Agencies § 11-31c-4(a).
    """
    return frozenset() if disbursed else _MOVES[status]


def why_not_move(
    status: PaymentRunStatus, target: PaymentRunStatus, *, disbursed: bool = False
) -> str | None:
    """Return why a run may not move to another status, in a sentence; None when it may.

    Source: Regs. Conn. State Agencies § 11-31c-4(a).
    """
    if target in allowed_moves(status, disbursed=disbursed):
        return None
    if disbursed:
        return "Money of this run was disbursed; it stands. Make a correction statement for what differs."
    if status is PaymentRunStatus.VOID:
        return "This run is void. Prepare a new run."
    if status is PaymentRunStatus.CERTIFIED:
        return "This run is certified and stays as it is. Void it with a reason, then prepare a new run."
    if target is PaymentRunStatus.CERTIFIED:
        return "This run has not been calculated. Calculate it first."
    return f"A run that is {status} cannot become {target}."


def why_too_early(last_day_measured: date, last_day_to_file: date | None, on: date) -> str | None:
    """Return why a run cannot be certified on a day yet, in a sentence; None where it can.

    `last_day_to_file` is the last day on which a library that has not filed still can in time or under a
    waiver, None where all have or it is past.

    Source: Regs. Conn. State Agencies § 11-31c-4(a) to (c).
    """
    last_day = max(last_day_measured, last_day_to_file or last_day_measured)
    if on > last_day:
        return None
    if on <= last_day_measured:
        reason = f"The twelve months that this run measures end {written_day(last_day_measured)}."
    else:
        reason = f"A library that has not filed can still do so in time, through {written_day(last_day)}."
    return f"{reason} Calculate the run again after {written_day(last_day)}, and certify it then."


def may_certify(preparer: int, certifier: int) -> bool:
    """Return whether a person may certify a run that another prepared; people are told apart by number.

    Source: C.G.S. § 11-31b; Regs. Conn. State Agencies § 11-31c-4(a), by practice.
    """
    return preparer != certifier
