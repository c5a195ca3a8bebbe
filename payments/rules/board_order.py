"""When the State Library Board's order to pay may be dated, and what it has to say."""

from datetime import date

from connecticard.rulebook import Entry, Label, Rulebook
from transactions.rules._wording import written_day

_CHECKED = date(2026, 11, 21)

RULEBOOK = Rulebook(
    [
        Entry(
            key="board_order.not_before_the_certificate",
            value=True,
            citation="C.G.S. § 11-31b; Regs. Conn. State Agencies § 11-31c-4(a)",
            label=Label.READING,
            sentence="The Board orders the amounts of a certified payment run, so its order is dated on the "
            "day of the certificate or later; a resolution passed before approves amounts that nobody has "
            "certified yet and is not the order.",
            last_checked_on=_CHECKED,
        ),
        Entry(
            key="board_order.not_in_the_future",
            value=True,
            citation="C.G.S. § 11-31b",
            label=Label.READING,
            sentence="An order is recorded after the Board has made it, under the number and the date in "
            "its minutes.",
            last_checked_on=_CHECKED,
        ),
    ]
)


def why_not_dated(dated: date, *, certified_on: date | None, today: date) -> str | None:
    """Return why an order of the Board cannot bear this date, in a sentence; None where it can.

    `certified_on` is the day on which the run it orders to be paid was certified, None where it is not.

    Source: C.G.S. § 11-31b; Regs. Conn. State Agencies § 11-31c-4(a).
    """
    if certified_on is None:
        return "The Board orders what is certified. Have the payment run certified first."
    if dated < certified_on:
        return (
            f"The run was certified {written_day(certified_on)}, so an order of {written_day(dated)} cannot "
            "order its amounts. Enter the date of the order that the Board made on the certified amounts."
        )
    if dated > today:
        return f"{written_day(dated)} has not come. Record the order once the Board has made it."
    return None
