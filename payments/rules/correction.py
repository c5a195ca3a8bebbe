"""What an amendment after disbursement makes of a year's shares: differences, never payments."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from connecticard.rulebook import Entry, Label, Rulebook

_CHECKED = date(2026, 11, 21)
_PAYMENT_RULE = "Regs. Conn. State Agencies § 11-31c-4(a) to (c)"

RULEBOOK = Rulebook(
    [
        Entry(
            key="correction.is_a_payment",
            value=False,
            citation=_PAYMENT_RULE,
            label=Label.READING,
            sentence="The appropriation is divided once. An amendment certified after money went out makes a "
            "correction statement: it says what each share would have been, and pays nothing from a pool.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="correction.settled_with_other_money",
            value=True,
            citation="Regs. Conn. State Agencies § 11-31c-4(a); C.G.S. § 11-31b",
            label=Label.READING,
            sentence="What was overpaid is a receivable, what was underpaid a recorded claim; either is "
            "settled only under authority that is cited, with money from outside the split, and no other "
            "library's share changes.",
            last_checked_on=_CHECKED,
        ),
    ]
)


class Settlement(StrEnum):
    """What a difference is to the library and to the State."""

    NONE = "none"
    RECEIVABLE = "receivable"
    CLAIM = "claim"
    NOT_PAID = "not_paid"

    @property
    def label(self) -> str:
        """The settlement in words for people."""
        return {
            Settlement.NONE: "no difference",
            Settlement.RECEIVABLE: "receivable: overpaid",
            Settlement.CLAIM: "recorded claim: underpaid",
            Settlement.NOT_PAID: "nothing was paid, so nothing is owed either way",
        }[self]


@dataclass(frozen=True)
class ShareDifference:
    """One library's share as certified, as last stated, and as it is now, in cents."""

    key: str
    certified_cents: int
    stated_cents: int
    corrected_cents: int

    @property
    def difference_cents(self) -> int:
        """Return the change since it was last stated; negative where the share is lower now."""
        return self.corrected_cents - self.stated_cents

    @property
    def total_cents(self) -> int:
        """Return the change since the run was certified."""
        return self.corrected_cents - self.certified_cents


def share_differences(
    certified: Mapping[str, int], stated: Mapping[str, int], corrected: Mapping[str, int]
) -> tuple[ShareDifference, ...]:
    """Return the difference of each library's share, by key; shares in cents.

    `certified` are those of the run, `stated` those of the last correction statement, or of the run where
    this is the first, `corrected` those that the amended filings make. The differences add up to the change
    in what was split: 0 unless a pool has become empty or is so no more. ValueError where a library is in one
    and not in another: who takes part does not change by an amendment.

    Source: Regs. Conn. State Agencies § 11-31c-4(a) to (c).
    """
    if not certified.keys() == stated.keys() == corrected.keys():
        raise ValueError("the libraries of the run and of its correction are not the same")
    return tuple(
        ShareDifference(key, certified[key], stated[key], corrected[key]) for key in sorted(certified)
    )


def settlement(total_cents: int, *, paid: bool) -> Settlement:
    """Return what a difference in cents since the certificate is; `paid` where the share went to the library.

    A share that was withheld and not released was never paid: nothing is owed either way.

    Source: Regs. Conn. State Agencies § 11-31c-4(a), (b); C.G.S. § 11-31b.
    """
    if not total_cents:
        return Settlement.NONE
    if not paid:
        return Settlement.NOT_PAID
    return Settlement.RECEIVABLE if total_cents < 0 else Settlement.CLAIM


def why_not_correct(*, certified: bool, disbursed: bool, amended: bool) -> str | None:
    """Return why no correction statement is made of a run, in a sentence; None where one is due.

    Source: Regs. Conn. State Agencies § 11-31c-4(a).
    """
    if not certified:
        return "Only a certified run that is not void has corrections."
    if not disbursed:
        return (
            "No money of this run has gone out. An amendment is put right by voiding the run with a reason "
            "and making a new one."
        )
    if not amended:
        return "No filing that this run counted was amended since; there is nothing to correct."
    return None
