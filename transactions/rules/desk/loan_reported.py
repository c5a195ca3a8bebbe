"""May this loan be reported, and as how many units: what a lender counts toward its filing.

Source: Regs. Conn. State Agencies § 11-31c-1(d), (f), (g), § 11-31c-2(c) and § 11-31c-5(a)(1).
"""

from collections.abc import Callable
from datetime import date

from connecticard.rulebook import Rulebook
from transactions.rules import units
from transactions.rules.desk._table import (
    Amount,
    Given,
    Kind,
    Question,
    Row,
    Table,
    Verdict,
    Worked,
    choices,
    law,
    row,
)
from transactions.rules.units import Lending, Material, is_counted, units_lent

RULEBOOK = Rulebook(
    [
        law(
            "lender_takes_part_on_the_day",
            True,
            "Only a library that takes part on the day of the loan may report it.",
            "1(d)",
            "1(f)",
        ),
        law(
            "loan_to_a_served_town_is_reportable",
            False,
            "A loan to somebody who lives in a town that the library normally serves is not reported.",
            "1(f)",
        ),
        law(
            "loan_out_of_state_is_reportable",
            False,
            "Only loans to residents of Connecticut are reported.",
            "1(f)",
        ),
        law(
            "loan_without_home_card_is_reportable",
            False,
            "A loan is reported only where the borrower showed a valid card of the home library at the "
            "library that made the loan.",
            "1(f)",
            "5(a)(1)",
        ),
    ]
)

TOOK_PART = Question(
    "participates",
    "Did your library take part on the day of the loan?",
    choices(("yes", "Yes", "A letter of agreement was on file with the State Library."), ("no", "No")),
    assumed="yes",
)
LIVES = Question(
    "lives",
    "Where does the borrower live?",
    choices(
        ("other_town", "In another Connecticut town"),
        ("own_town", "In a town that your library serves", "Yours, or one for which it is designated."),
        ("out_of_state", "Not in Connecticut"),
    ),
)
CARD = Question(
    "card",
    "Which card was shown at your library?",
    choices(
        ("home", "A valid card of the home library"),
        ("none", "None", "The name or number was looked up, or the card was shown somewhere else."),
        ("local_only", "A card for use in your library only"),
        ("not_valid", "A card that is not valid, or not of the home library"),
    ),
)
LENT = Question(
    "lent",
    "What was it?",
    choices(
        (Material.OTHER_ITEM, "An item", "A book, a film, a tool; also a hold picked up here."),
        (Material.VOLUME_OF_A_SET, "Volumes of a set"),
        (Material.LOOSE_ISSUE, "Loose issues of a periodical"),
        (Material.BOUND_VOLUME, "A volume of issues bound together"),
        (Material.BOXED_SET, "A boxed set that is not print", "Discs, tapes or toys lent in one box."),
        (Lending.RENEWAL, "A renewal"),
        (Lending.INTERLIBRARY_LOAN, "An interlibrary loan"),
        (Lending.PICKED_UP_ELSEWHERE, "An item sent to be picked up at another library"),
        (Lending.DOWNLOAD, "A download"),
    ),
)
NUMBER = Amount(
    "number",
    "How many of them",
    Kind.NUMBER,
    help="Volumes, issues, boxes or items.",
    assumed=1,
    least=1,
    greatest=999,
)


def _units_of(material: Material) -> Callable[[Given, date], Worked]:
    def work(given: Given, on: date) -> Worked:
        return Worked(values={"units": units_lent(material, int(str(given["number"])), on)})

    return work


def _counted_row(material: Material, next_step: str, *more_rules: str) -> Row:
    return row(
        material,
        {"lent": material},
        Verdict.YES,
        "Yes. Units to report: %(units)s",
        next_step,
        f"units_{material}",
        *more_rules,
        needs=("number",),
        work=_units_of(material),
    )


_ONE_FOR_EACH = "Count it for the home library that issued the card, in the month of the loan."

LOAN_REPORTED = Table(
    key="loan",
    title="May this loan be reported?",
    lead="Something was lent, and you wonder whether it counts.",
    questions=(TOOK_PART, LIVES, CARD, LENT),
    amounts=(NUMBER,),
    dated="Day of the loan",
    rulebook=RULEBOOK | units.RULEBOOK,
    rows=(
        row(
            "lender_does_not_participate",
            {"participates": "no"},
            Verdict.NO,
            "No. Your library did not take part that day",
            "Leave it out. Loans count from the day on which the letter of agreement is on file.",
            "lender_takes_part_on_the_day",
        ),
        row(
            "own_town",
            {"lives": "own_town"},
            Verdict.NO,
            "No. It is a loan to a resident of a town that you serve",
            "Leave it out of your report.",
            "loan_to_a_served_town_is_reportable",
        ),
        row(
            "out_of_state",
            {"lives": "out_of_state"},
            Verdict.NO,
            "No. The borrower does not live in Connecticut",
            "Leave it out of your report.",
            "loan_out_of_state_is_reportable",
        ),
        row(
            "no_home_card",
            {"card": "none local_only not_valid"},
            Verdict.NO,
            "No. No valid card of the home library was shown at your library",
            "Leave it out of your report. Next time ask for the card of the home library.",
            "loan_without_home_card_is_reportable",
        ),
        *(
            row(
                lending,
                {"lent": lending},
                Verdict.NO,
                headline,
                "Leave it out of your report.",
                f"counted_{lending}",
            )
            for lending, headline in (
                (Lending.INTERLIBRARY_LOAN, "No. Interlibrary loans are not counted"),
                (Lending.PICKED_UP_ELSEWHERE, "No. What you send elsewhere is not counted"),
                (Lending.DOWNLOAD, "No. Downloads are not counted"),
            )
        ),
        row(
            Lending.RENEWAL,
            {"lent": Lending.RENEWAL},
            Verdict.NO,
            "No. A renewal is not counted again",
            "Count the first loan only, unless the instructions on your form say otherwise.",
            f"counted_{Lending.RENEWAL}",
            holds=lambda on: not is_counted(Lending.RENEWAL, on),
        ),
        row(
            "renewal_counted",
            {"lent": Lending.RENEWAL},
            Verdict.YES,
            "Yes. Units to report: %(units)s",
            _ONE_FOR_EACH,
            f"counted_{Lending.RENEWAL}",
            needs=("number",),
            work=_units_of(Material.OTHER_ITEM),
            holds=lambda on: is_counted(Lending.RENEWAL, on),
        ),
        _counted_row(Material.VOLUME_OF_A_SET, _ONE_FOR_EACH),
        _counted_row(Material.LOOSE_ISSUE, _ONE_FOR_EACH),
        _counted_row(Material.BOUND_VOLUME, _ONE_FOR_EACH),
        _counted_row(Material.BOXED_SET, _ONE_FOR_EACH),
        _counted_row(Material.OTHER_ITEM, _ONE_FOR_EACH, f"counted_{Lending.AT_THE_DESK}"),
    ),
)
