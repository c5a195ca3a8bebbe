"""Where an item goes back: what a library takes in for another, and what it sends on.

Source: Regs. Conn. State Agencies § 11-31c-5(c).
"""

from connecticard.rulebook import Rulebook
from transactions.rules.desk._table import TAKES_PART, Question, Table, Verdict, choices, law, reading, row
from transactions.rules.desk.card_shown import RULEBOOK as OF_CARDS

RULEBOOK = Rulebook(
    [
        law(
            "interlibrary_loan_goes_back_to_who_requested_it",
            True,
            "An interlibrary loan is returned to the library that requested it and to no other, not to the "
            "owner either. That library clears its record, then sends the item on.",
            "5(c)(4)",
        ),
        law(
            "print_goes_back_to_any_participating_library",
            True,
            "Print may be returned to the library that lent it or to any library that takes part.",
            "5(c)(1)",
        ),
        law(
            "owner_may_require_non_print_back",
            True,
            "A library may require that what is not print be returned to it directly.",
            "5(c)(1)",
        ),
        reading(
            "other_non_print_goes_back_as_print",
            True,
            "Where the owner does not require it back directly, what is not print is returned as print is.",
            "5(c)(1)",
        ),
        law(
            "items_of_other_libraries_are_forwarded",
            True,
            "A library that takes part sends on by deliverIT CT every item of another participating "
            "library that it receives, of any kind.",
            "5(c)(2)",
        ),
        law(
            "borrower_answers_until_the_lender_has_it",
            True,
            "The borrower answers for what is borrowed on the card until the library that lent it has it "
            "back.",
            "5(c)(3)",
        ),
        reading(
            "items_of_libraries_outside_the_program",
            "library staff decide",
            "The rules on returns are for libraries that take part, and do not say what becomes of an item "
            "of a library that does not.",
            "5(c)(1)",
            "5(c)(2)",
        ),
    ]
)

ITEM = Question(
    "item",
    "What is it?",
    choices(
        ("print", "Print", "A book, a periodical."),
        ("non_print", "Not print", "A film, disc, game, tool."),
        ("interlibrary", "An interlibrary loan", "Look for a slip or band that says so."),
    ),
)
SITUATION = Question(
    "situation",
    "What has happened?",
    choices(
        ("asked", "A borrower wants to return it, here or elsewhere"),
        ("arrived", "It is at your library and belongs to another"),
        ("lost", "It was handed in somewhere and got lost on the way"),
    ),
)
DIRECT = Question(
    "direct",
    "Does the owner want such things brought back to it directly?",
    choices(
        ("no", "No"),
        ("yes", "Yes", "It is marked so, or the owner’s policy says so."),
        ("unknown", "I do not know"),
    ),
)
REQUESTED = Question(
    "requested",
    "Did your library request it?",
    choices(("yes", "Yes"), ("no", "No, another library did")),
)
OWNER_TAKES_PART = Question(
    "owner_participates",
    "Does the owner take part in the program?",
    choices(("yes", "Yes"), ("no", "No")),
    assumed="yes",
)

RETURNS = Table(
    key="return",
    title="Where does this item go back?",
    lead="An item that belongs to another library is at your desk, or on its way.",
    questions=(ITEM, SITUATION, REQUESTED, DIRECT, OWNER_TAKES_PART, TAKES_PART),
    rulebook=RULEBOOK | OF_CARDS,
    rows=(
        row(
            "interlibrary_of_this_library",
            {"item": "interlibrary", "situation": "asked arrived", "requested": "yes"},
            Verdict.YES,
            "Here: your library requested it",
            "Clear your record, then send the item to the library that lent it. You may put a slip into "
            "such loans that asks for their return to you.",
            "interlibrary_loan_goes_back_to_who_requested_it",
        ),
        row(
            "interlibrary_asked",
            {"item": "interlibrary", "situation": "asked", "requested": "no"},
            Verdict.NO,
            "Only to the library that requested it, not here",
            "Send the borrower to the library at which they asked for it. It clears its record, then sends "
            "the item on.",
            "interlibrary_loan_goes_back_to_who_requested_it",
        ),
        row(
            "interlibrary_arrived",
            {"item": "interlibrary", "situation": "arrived", "requested": "no"},
            Verdict.NO,
            "Only to the library that requested it",
            "Send it to the library that requested it, not to its owner. It clears its record, then sends "
            "the item on.",
            "interlibrary_loan_goes_back_to_who_requested_it",
        ),
        row(
            "owner_does_not_participate",
            {"situation": "asked arrived", "item": "print non_print", "owner_participates": "no"},
            Verdict.REFER,
            "The rules do not say. To its owner, to be safe",
            "Tell the borrower to take it to its owner, or telephone the owner.",
            "items_of_libraries_outside_the_program",
        ),
        row(
            "arrived_outside_the_program",
            {"situation": "arrived", "item": "print non_print", "participates": "no"},
            Verdict.REFER,
            "The rules bind libraries that take part only",
            "Telephone the owner. Days late are counted until a library that takes part has the item.",
            "program_binds_participating_libraries",
        ),
        row(
            "non_print_direct",
            {"item": "non_print", "situation": "asked", "direct": "yes"},
            Verdict.NO,
            "Only to its owner",
            "Ask the borrower to take it to the library that lent it. If it is left with you, send it on.",
            "owner_may_require_non_print_back",
        ),
        row(
            "non_print_unknown",
            {"item": "non_print", "situation": "asked", "direct": "unknown"},
            Verdict.REFER,
            "Ask its owner first",
            "Telephone the library that lent it, or look at its policy. If it does not ask for direct "
            "return, take the item in.",
            "owner_may_require_non_print_back",
            "other_non_print_goes_back_as_print",
        ),
        row(
            "library_does_not_participate",
            {"situation": "asked", "item": "print non_print", "participates": "no"},
            Verdict.NO,
            "Not here. To its owner, or to a library that takes part",
            "Send the borrower to the owner or to a library that takes part. Days late are counted until "
            "one of them has it.",
            "print_goes_back_to_any_participating_library",
        ),
        row(
            "print",
            {"item": "print", "situation": "asked"},
            Verdict.YES,
            "Here, to its owner, or to any library that takes part",
            "Take it in, note today as the day of return, and send it to its owner by deliverIT CT.",
            "print_goes_back_to_any_participating_library",
            "items_of_other_libraries_are_forwarded",
        ),
        row(
            "non_print_other",
            {"item": "non_print", "situation": "asked", "direct": "no"},
            Verdict.YES,
            "Here, to its owner, or to any library that takes part",
            "Take it in, note today as the day of return, and send it to its owner by deliverIT CT.",
            "other_non_print_goes_back_as_print",
            "items_of_other_libraries_are_forwarded",
        ),
        row(
            "arrived",
            {"situation": "arrived", "item": "print non_print"},
            Verdict.YES,
            "To its owner. Your library must send it on",
            "Note the day on which it was handed in, and send it by deliverIT CT. This holds for every "
            "kind of item.",
            "items_of_other_libraries_are_forwarded",
        ),
        row(
            "lost_on_the_way",
            {"situation": "lost"},
            Verdict.YES,
            "The borrower answers for it until the lender has it",
            "Ask both libraries to look on their shelves, and tell the lender on which day and where it "
            "was handed in.",
            "borrower_answers_until_the_lender_has_it",
        ),
    ),
)
