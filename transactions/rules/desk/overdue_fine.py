"""Overdue fines: how many days late, at whose rate, payable where, and what becomes of the money.

Source: Regs. Conn. State Agencies § 11-31c-5(b)(2) and § 11-31c-5(e).
"""

from dataclasses import dataclass
from datetime import date

from connecticard.rulebook import Rulebook
from transactions.rules.desk._table import (
    Amount,
    Given,
    Kind,
    Line,
    Question,
    Sum,
    Table,
    Verdict,
    Whose,
    Worked,
    choices,
    law,
    reading,
    row,
)

RULEBOOK = Rulebook(
    [
        law(
            "days_late_end_at_any_participating_library",
            True,
            "Days late run from the due date to the day on which the borrower hands the item to any "
            "library that takes part; the time of delivery never counts.",
            "5(e)(2)",
        ),
        law(
            "fine_at_the_lender_is_its_own",
            True,
            "An item that comes back late to its lender is fined by the lender’s rules, payable there.",
            "5(e)(1)",
            "5(b)(2)",
        ),
        law(
            "fine_where_the_library_levies_none",
            0,
            "Where the item is returned to another library that levies no fines, the borrower owes none.",
            "5(e)(3)",
        ),
        law(
            "fine_elsewhere_at_either_rate",
            True,
            "Where the item is returned to another library that levies fines, the fine is payable there, "
            "at that library’s own rate or at the lender’s.",
            "5(e)(3)",
        ),
        law(
            "unpaid_fines_may_go_to_the_home_library",
            True,
            "Of a fine that was not paid at the return, the lender may notify the home library, which "
            "collects and keeps it when the borrower registers again.",
            "5(e)(5)",
        ),
        law(
            "fines_stay_with_who_collects_them",
            True,
            "Fines are kept by the library that collects them and are not refunded.",
            "5(e)(4)",
        ),
        reading(
            "fine_on_an_interlibrary_loan_at_the_wrong_library",
            "library staff decide",
            "An interlibrary loan may be returned only to the library that requested it; the rules do not "
            "say whether days late end when another library has it.",
            "5(c)(4)",
            "5(e)(2)",
        ),
        reading(
            "grace_and_most_go_with_the_rate",
            True,
            "With a library’s rate go its days without charge and the most that it asks for one item.",
            "5(b)(2)",
            "5(e)(3)",
        ),
    ]
)

RETURNED_TO = Question(
    "returned_to",
    "Where was the item handed in?",
    choices(
        (
            "lender",
            "At the library that lent it",
            "Of an interlibrary loan, the library that requested it for the borrower.",
        ),
        ("elsewhere", "At another library that takes part"),
        ("not_participating", "At a library that does not take part"),
    ),
)
LEVIES = Question(
    "levies",
    "Does the library where it was handed in charge overdue fines?",
    choices(("yes", "Yes"), ("no", "No, it is fine free")),
)
REACHED = Question(
    "reached",
    "Which library that takes part has had it first since?",
    choices(
        ("nobody", "None yet"),
        ("lender", "The library that lent it"),
        ("elsewhere", "Another library"),
    ),
)
ITEM = Question(
    "item",
    "Is it an interlibrary loan?",
    choices(("ordinary", "No"), ("interlibrary", "Yes")),
    assumed="ordinary",
)
STAGE = Question(
    "stage",
    "How does it stand with the fine?",
    choices(
        ("at_return", "The item is being returned"),
        ("unpaid", "It was returned, and the fine was not paid"),
        ("paid", "The fine was paid"),
    ),
    assumed="at_return",
)

DUE = Amount("due", "Due date", Kind.DAY)
HANDED_IN = Amount(
    "handed_in", "Day handed in", Kind.DAY, help="The first day on which a library that takes part had it."
)
ITEMS = Amount("items", "Items, all with these dates", Kind.NUMBER, assumed=1, least=1, greatest=99)


def _settings_of(whose: Whose, of: str) -> tuple[Amount, ...]:
    return (
        Amount(
            f"{whose}_rate",
            f"Fine a day at {of}",
            Kind.CENTS,
            setting_of=whose,
            greatest=10_000,
        ),
        Amount(
            f"{whose}_grace",
            f"Days without charge at {of}",
            Kind.NUMBER,
            assumed=0,
            setting_of=whose,
            greatest=365,
        ),
        Amount(
            f"{whose}_grace_charged",
            f"Once they have passed, {of} charges them too",
            Kind.SWITCH,
            assumed=0,
            setting_of=whose,
            greatest=1,
        ),
        Amount(
            f"{whose}_most",
            f"Most for one item at {of}",
            Kind.CENTS,
            help="Blank where there is no limit.",
            setting_of=whose,
            optional=True,
            greatest=100_000,
        ),
    )


OF_LENDER = _settings_of(Whose.LENDER, "the lending library")
OF_RECEIVER = _settings_of(Whose.RECEIVER, "the library where it was handed in")
DATES = (DUE.name, HANDED_IN.name, ITEMS.name)
AT_THE_LENDER = (*DATES, *(amount.name for amount in OF_LENDER))
ELSEWHERE = (*AT_THE_LENDER, *(amount.name for amount in OF_RECEIVER))


LINES = (
    DUE_DATE := "Due date",
    DAY_HANDED_IN := "Day handed in",
    DAYS_LATE := "Days late",
    DAYS_WITHOUT_CHARGE := "Days without charge",
    DAYS_CHARGED := "Days charged",
    FINE_A_DAY := "Fine a day",
    PRODUCT := "Days charged × fine a day",
    MOST_FOR_ONE := "Most for one item",
    FOR_ONE := "For one item",
    NUMBER_OF_ITEMS := "Items",
    FINE := "Fine",
)
"""What the lines of the working are called, in their order."""


@dataclass(frozen=True)
class Rate:
    """What a library asks for late items, in whole cents and days.

    The first `grace` days late cost nothing; with `grace_charged` they do once an item is later than that.
    `most` is the most for one item, None where there is no limit.
    """

    cents_a_day: int
    grace: int = 0
    grace_charged: bool = False
    most: int | None = None


def days_late(due: date, handed_in: date) -> int:
    """Return the days from the due date to the day handed to a participating library; 0 where not late.

    Source: Regs. Conn. State Agencies § 11-31c-5(e)(2).
    """
    return max(0, (handed_in - due).days)


def fine_of_item(late: int, rate: Rate) -> int:
    """Return the fine in cents for one item that is some days late. ValueError for a number below zero.

    Source: Regs. Conn. State Agencies § 11-31c-5(b)(2), § 11-31c-5(e)(1) and (2).
    """
    if min(late, rate.cents_a_day, rate.grace, rate.most or 0) < 0:
        raise ValueError(f"days and cents cannot be below zero: {late}, {rate}")
    fine = _days_charged(late, rate) * rate.cents_a_day
    return fine if rate.most is None else min(fine, rate.most)


def fine(due: date, handed_in: date, rate: Rate, *, items: int, at_the_rate_of: Whose) -> Sum:
    """Return the fine in cents for items of the same dates, worked out line by line.

    Source: Regs. Conn. State Agencies § 11-31c-5(e)(1) to (3).
    """
    late = days_late(due, handed_in)
    charged = _days_charged(late, rate)
    of_item = fine_of_item(late, rate)
    lines = [
        Line(DUE_DATE, Kind.DAY, due),
        Line(DAY_HANDED_IN, Kind.DAY, handed_in),
        Line(DAYS_LATE, Kind.NUMBER, late),
    ]
    if rate.grace:
        lines.append(Line(DAYS_WITHOUT_CHARGE, Kind.NUMBER, rate.grace))
        lines.append(Line(DAYS_CHARGED, Kind.NUMBER, charged))
    lines.append(Line(FINE_A_DAY, Kind.CENTS, rate.cents_a_day))
    lines.append(Line(PRODUCT, Kind.CENTS, charged * rate.cents_a_day))
    if rate.most is not None:
        lines.append(Line(MOST_FOR_ONE, Kind.CENTS, rate.most))
    if items != 1:
        lines.append(Line(FOR_ONE, Kind.CENTS, of_item))
        lines.append(Line(NUMBER_OF_ITEMS, Kind.NUMBER, items))
    lines.append(Line(FINE, Kind.CENTS, of_item * items))
    return Sum(at_the_rate_of, of_item * items, tuple(lines))


def _days_charged(late: int, rate: Rate) -> int:
    if late <= rate.grace:
        return 0
    return late if rate.grace_charged else late - rate.grace


def _rate_of(whose: Whose, given: Given) -> Rate:
    most = given.get(f"{whose}_most")
    return Rate(
        cents_a_day=_whole(given, f"{whose}_rate"),
        grace=_whole(given, f"{whose}_grace"),
        grace_charged=bool(_whole(given, f"{whose}_grace_charged")),
        most=None if most is None else _whole(given, f"{whose}_most"),
    )


def _sum(whose: Whose, given: Given) -> Sum:
    due, handed_in = given[DUE.name], given[HANDED_IN.name]
    assert isinstance(due, date)
    assert isinstance(handed_in, date)
    return fine(
        due,
        handed_in,
        _rate_of(whose, given),
        items=_whole(given, ITEMS.name),
        at_the_rate_of=whose,
    )


def _whole(given: Given, name: str) -> int:
    value = given[name]
    if not isinstance(value, int):
        raise TypeError(f"{name} is not a whole number")
    return value


def _nothing_due(given: Given, *sums: Sum) -> Worked:
    due, handed_in = given[DUE.name], given[HANDED_IN.name]
    assert isinstance(due, date)
    assert isinstance(handed_in, date)
    headline = _NOTHING if days_late(due, handed_in) else _NOT_LATE
    return Worked(sums=sums, verdict=Verdict.NO, headline=headline)


def _at_the_lender(given: Given, on: date) -> Worked:
    owed = _sum(Whose.LENDER, given)
    if not owed.cents:
        return _nothing_due(given, owed)
    return Worked(values={"fine_cents": owed.cents}, sums=(owed,))


def _elsewhere(given: Given, on: date) -> Worked:
    own, lenders = _sum(Whose.RECEIVER, given), _sum(Whose.LENDER, given)
    if not own.cents and not lenders.cents:
        return _nothing_due(given, own, lenders)
    if own.cents == lenders.cents:
        return Worked(
            values={"fine_cents": own.cents},
            sums=(own, lenders),
            verdict=Verdict.YES,
            headline=_EITHER_ALIKE,
        )
    return Worked(values={"own_cents": own.cents, "lender_cents": lenders.cents}, sums=(own, lenders))


_NOTHING, _NOT_LATE = "Nothing is due", "Nothing is due: it is not late"
_EITHER_ALIKE = "Due: %(fine_cents)s, payable where the item was handed in"
_AT_THE_LENDER = "Due: %(fine_cents)s, payable at the library that lent it"
_EITHER = (
    "%(own_cents)s at the rate of the library where it was handed in, or %(lender_cents)s at the lender’s"
)
_ASK = "Ask for the fine now. What your library collects it keeps."
_CHOOSE = (
    "The library where the item was handed in chooses the rate, the same for everybody, and keeps the fine."
)
_CLOCK = "A library that does not take part does not end the days late: they run until one that does has it."

OVERDUE_FINE = Table(
    key="fine",
    title="What is the overdue fine?",
    lead="An item comes back late, at your library or another.",
    questions=(RETURNED_TO, REACHED, LEVIES, ITEM, STAGE),
    amounts=(DUE, HANDED_IN, ITEMS, *OF_LENDER, *OF_RECEIVER),
    rulebook=RULEBOOK,
    rows=(
        row(
            "at_the_lender",
            {"returned_to": "lender", "stage": "at_return"},
            Verdict.YES,
            _AT_THE_LENDER,
            _ASK,
            "fine_at_the_lender_is_its_own",
            "days_late_end_at_any_participating_library",
            needs=AT_THE_LENDER,
            work=_at_the_lender,
            other_headlines=(_NOTHING, _NOT_LATE),
        ),
        row(
            "elsewhere_levies_none",
            {"returned_to": "elsewhere", "item": "ordinary", "levies": "no", "stage": "at_return unpaid"},
            Verdict.NO,
            "Nothing is due",
            "Ask for nothing, and send the item to its owner. The lender asks for no fine either.",
            "fine_where_the_library_levies_none",
        ),
        row(
            "elsewhere_levies",
            {"returned_to": "elsewhere", "item": "ordinary", "levies": "yes", "stage": "at_return"},
            Verdict.MAY,
            _EITHER,
            _CHOOSE,
            "fine_elsewhere_at_either_rate",
            "days_late_end_at_any_participating_library",
            "grace_and_most_go_with_the_rate",
            needs=ELSEWHERE,
            work=_elsewhere,
            other_headlines=(_NOTHING, _NOT_LATE, _EITHER_ALIKE),
        ),
        row(
            "clock_runs",
            {
                "returned_to": "not_participating",
                "item": "ordinary",
                "reached": "nobody",
                "stage": "at_return unpaid",
            },
            Verdict.NO,
            "Not yet. Days late run until a library that takes part has it",
            "Have the item brought to its owner or to a library that takes part, and work out the fine for "
            "that day.",
            "days_late_end_at_any_participating_library",
            reason=_CLOCK,
        ),
        row(
            "outside_then_at_the_lender",
            {
                "returned_to": "not_participating",
                "item": "ordinary",
                "reached": "lender",
                "stage": "at_return",
            },
            Verdict.YES,
            _AT_THE_LENDER,
            _ASK,
            "days_late_end_at_any_participating_library",
            "fine_at_the_lender_is_its_own",
            reason=_CLOCK,
            needs=AT_THE_LENDER,
            work=_at_the_lender,
            other_headlines=(_NOTHING, _NOT_LATE),
        ),
        row(
            "outside_then_elsewhere_levies_none",
            {
                "returned_to": "not_participating",
                "item": "ordinary",
                "reached": "elsewhere",
                "levies": "no",
                "stage": "at_return unpaid",
            },
            Verdict.NO,
            "Nothing is due",
            "Ask for nothing, and send the item to its owner. The lender asks for no fine either.",
            "fine_where_the_library_levies_none",
        ),
        row(
            "outside_then_elsewhere",
            {
                "returned_to": "not_participating",
                "item": "ordinary",
                "reached": "elsewhere",
                "levies": "yes",
                "stage": "at_return",
            },
            Verdict.MAY,
            _EITHER,
            _CHOOSE,
            "days_late_end_at_any_participating_library",
            "fine_elsewhere_at_either_rate",
            "grace_and_most_go_with_the_rate",
            reason=_CLOCK,
            needs=ELSEWHERE,
            work=_elsewhere,
            other_headlines=(_NOTHING, _NOT_LATE, _EITHER_ALIKE),
        ),
        row(
            "not_paid_at_return",
            {"stage": "unpaid"},
            Verdict.MAY,
            "The lender may notify the home library",
            "Lender: send the home library a notice of the fine. It collects the fine, and keeps it, when "
            "the borrower registers again.",
            "unpaid_fines_may_go_to_the_home_library",
        ),
        row(
            "paid",
            {"stage": "paid"},
            Verdict.NO,
            "No refund. The library that collected the fine keeps it",
            "Nothing is to be settled with the other library.",
            "fines_stay_with_who_collects_them",
        ),
        row(
            "interlibrary_at_the_wrong_library",
            {"item": "interlibrary"},
            Verdict.REFER,
            "The rules do not say. Library staff decide",
            "Send the item to the library that requested it, and leave the fine to that library.",
            "fine_on_an_interlibrary_loan_at_the_wrong_library",
        ),
    ),
)
