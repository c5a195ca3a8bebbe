"""May this card be used here: what a borrower shows at the desk, and whether it is good for borrowing.

Source: Regs. Conn. State Agencies § 11-31c-1(a) to (f) and § 11-31c-5(a).
"""

from connecticard.rulebook import Entry, Label, Rulebook
from transactions.rules.desk._table import (
    LAST_CHECKED_ON,
    TAKES_PART,
    Question,
    Table,
    Verdict,
    choices,
    law,
    reading,
    row,
)
from transactions.rules.paper import CARD_LAYOUT
from transactions.rules.paper import RULEBOOK as OF_PAPER

RULEBOOK = Rulebook(
    [
        law(
            "card_is_shown_each_time",
            True,
            "The borrower shows a valid Connecticut public library card each time something is borrowed.",
            "5(a)(1)",
        ),
        law(
            "card_is_the_holders_alone",
            True,
            "Only the person to whom a card was issued may use it.",
            "5(a)(1)",
        ),
        law(
            "local_only_card_is_good_at_its_library",
            True,
            "A card marked “for use in one library only” is good at that library.",
            "5(a)(3)",
        ),
        law(
            "local_only_card_is_good_elsewhere",
            False,
            "A card marked “for use in one library only” is not a borrowIT CT card and is good nowhere else.",
            "5(a)(3)",
            "1(e)",
        ),
        law(
            "other_cards_are_in_the_program",
            False,
            "The program knows cards of Connecticut public libraries only, issued by the home library.",
            "1(e)",
            "5(a)(1)",
        ),
        law(
            "loan_to_own_resident_is_in_the_program",
            False,
            "A resident of a town that the library serves borrows there as a resident, outside the program.",
            "1(c)",
            "1(f)",
        ),
        law(
            "only_the_home_library_card_is_good",
            True,
            "The card issued by the home library, that of the town where the holder mainly lives, is the "
            "only one that may be used at other libraries.",
            "1(b)",
            "1(c)",
            "1(e)",
            "5(a)(3)",
        ),
        law(
            "home_library_card_is_good_at_participating_libraries",
            True,
            "With a valid card of the home library one may borrow at every library that takes part; the "
            "home library itself need not take part.",
            "1(a)",
            "1(e)",
        ),
        law(
            "program_binds_participating_libraries",
            True,
            "The program holds at libraries whose letter of agreement is on file with the State Library.",
            "1(a)",
            "1(d)",
        ),
        law(
            "forms_of_identification_at_most",
            2,
            "A library may ask for up to two other forms of identification beside the card.",
            "5(a)(1)",
        ),
        reading(
            "card_on_a_telephone",
            "library staff decide",
            "The rules ask that a card be shown and do not say whether a picture of it will do: library "
            "staff decide.",
            "5(a)(1)",
        ),
        Entry(
            "child_with_two_homes_may_hold_two_cards",
            True,
            "State Library practice, 2002",
            Label.PRACTICE,
            "A child who lives in two towns may hold a card from each.",
            LAST_CHECKED_ON,
        ),
    ]
)

SHOWN = Question(
    "shown",
    "What does the borrower show?",
    choices(
        ("card", "A library card"),
        ("telephone", "A card on a telephone", "A picture of it, or an app that shows it."),
        ("nothing", "No card", "Also a driver’s license alone, or a number known by heart."),
    ),
)
CARD = Question(
    "card",
    "Look at the card. What is true?",
    choices(
        (
            "right",
            "All is as it should be",
            "It is the borrower’s own. Library, town, holder’s name and a future expiry date are on it.",
        ),
        ("somebody_else", "It is somebody else’s", "Also a parent with a child’s card."),
        ("no_library", "No library named", "Or its town is missing and the name does not say it."),
        ("no_name", "No holder named"),
        ("no_date", "No expiry date"),
        ("expired", "It has expired"),
    ),
)
ISSUER = Question(
    "issuer",
    "Which card is it?",
    choices(
        (
            "home",
            "Of the library of the town where the holder lives",
            "Or of the library that is designated for that town.",
        ),
        ("own_town", "Your own library’s, and the holder lives in a town you serve"),
        ("two_homes", "A child’s who lives in two towns and has a card from each"),
        (
            "not_home",
            "Of another Connecticut public library, without a mark",
            "The holder has moved, or lives in another town than the library’s.",
        ),
        ("only_here", "Marked “for use in … only”, and yours is the library named"),
        ("only_elsewhere", "Marked “for use in … only”, and another library is named"),
        ("other", "Any other card", "Out of state, college, school."),
    ),
)
IDENTIFICATION = Question(
    "identification",
    "Does your library want to see more identification?",
    choices(("no", "No"), ("yes", "Yes")),
    assumed="no",
)

CARD_SHOWN = Table(
    key="card",
    title="May this card be used here?",
    lead="A borrower stands at your desk.",
    questions=(SHOWN, CARD, ISSUER, TAKES_PART, IDENTIFICATION),
    rulebook=RULEBOOK | OF_PAPER,
    rows=(
        row(
            "no_card",
            {"shown": "nothing"},
            Verdict.NO,
            "No. A card must be shown",
            "Ask the borrower to come back with the card. A name that is looked up does not stand for it.",
            "card_is_shown_each_time",
        ),
        row(
            "not_the_holder",
            {"card": "somebody_else"},
            Verdict.NO,
            "No. Only the person named on the card may use it",
            "Each borrower needs a card of their own, children too. The home library issues it free of "
            "charge.",
            "card_is_the_holders_alone",
        ),
        row(
            "not_valid",
            {"card": "no_library no_name no_date expired"},
            Verdict.NO,
            "No. The card is not valid",
            "Send the borrower to the home library, which issues a valid card free of charge.",
            *CARD_LAYOUT,
            reason="A valid card names the library that issued it, with the town where the name does not say "
            "it, the person to whom it was issued, and a future day on which it expires.",
        ),
        row(
            "only_here",
            {"issuer": "only_here"},
            Verdict.YES,
            "Yes, as a card of your library only",
            "Lend. Do not report the loan: no home-library card was shown.",
            "local_only_card_is_good_at_its_library",
        ),
        row(
            "only_elsewhere",
            {"issuer": "only_elsewhere"},
            Verdict.NO,
            "No. The card is good at the library named on it only",
            "Ask for the card of the home library.",
            "local_only_card_is_good_elsewhere",
        ),
        row(
            "other_card",
            {"issuer": "other"},
            Verdict.NO,
            "Not under this program",
            "Whether your library lends on such a card is for its own policy. Do not report the loan.",
            "other_cards_are_in_the_program",
        ),
        row(
            "own_town",
            {"issuer": "own_town"},
            Verdict.YES,
            "Yes, as for every resident",
            "Lend by your own rules. Do not report the loan.",
            "loan_to_own_resident_is_in_the_program",
        ),
        row(
            "not_home_library",
            {"issuer": "not_home"},
            Verdict.NO,
            "No. It is not the card of the holder’s home library",
            "Send the holder to the library of the town where they mainly live now. It issues their card "
            "free of charge.",
            "only_the_home_library_card_is_good",
        ),
        row(
            "home_library_card",
            {"issuer": "home", "participates": "yes", "shown": "card", "identification": "no"},
            Verdict.YES,
            "Yes, lend on this card",
            "Lend as you would to a resident. If you do not serve the holder’s town, count the loan.",
            "home_library_card_is_good_at_participating_libraries",
        ),
        row(
            "library_does_not_participate",
            {"issuer": "home two_homes", "participates": "no"},
            Verdict.REFER,
            "Your library’s own policy decides",
            "Ask your supervisor whether your library lends on it. The loan cannot be reported.",
            "program_binds_participating_libraries",
        ),
        row(
            "more_identification",
            {"shown": "card", "identification": "yes"},
            Verdict.MAY,
            "Yes, and you may ask for up to two other forms of identification",
            "Ask for one or two and no more. Then lend as you would to a resident.",
            "forms_of_identification_at_most",
            "home_library_card_is_good_at_participating_libraries",
        ),
        row(
            "card_on_a_telephone",
            {"shown": "telephone"},
            Verdict.REFER,
            "The rules do not say. Library staff decide",
            "Ask your supervisor, and do the same for everybody.",
            "card_on_a_telephone",
        ),
        row(
            "child_with_two_homes",
            {"issuer": "two_homes"},
            Verdict.YES,
            "Yes, either of the child’s cards is good",
            "Lend as you would to a resident. If you serve neither town, count the loan on the card that "
            "was shown.",
            "child_with_two_homes_may_hold_two_cards",
        ),
    ),
)
