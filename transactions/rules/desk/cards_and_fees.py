"""Cards and fees: to whom a library issues a card, of which kind, and what it may charge.

Source: Regs. Conn. State Agencies § 11-31c-1(b) and § 11-31c-5(a).
"""

from connecticard.rulebook import Rulebook
from transactions.rules.desk._table import TAKES_PART, Question, Table, Verdict, choices, law, reading, row
from transactions.rules.desk.card_shown import RULEBOOK as OF_CARDS
from transactions.rules.paper import CARD_LAYOUT
from transactions.rules.paper import RULEBOOK as OF_PAPER

RULEBOOK = Rulebook(
    [
        law(
            "card_for_own_residents_is_issued_free",
            True,
            "A library that takes part issues a card, free of charge, to every eligible resident of a town "
            "that it serves who asks for one.",
            "5(a)(2)",
        ),
        law(
            "local_only_card_may_be_issued_free",
            True,
            "A library may issue a card for use there only to a resident of another Connecticut town, free "
            "of charge, with the home town and the words “for use in the (library) only” on it.",
            "5(a)(3)",
        ),
        law(
            "non_resident_may_be_given_a_borrowit_card",
            False,
            "No library issues a card to a non-resident for use as a borrowIT CT card.",
            "5(a)(3)",
        ),
        law(
            "lost_card_may_cost_a_reasonable_fee",
            True,
            "A library may charge a reasonable fee to replace a card that its holder reports lost; no "
            "other fee for a card or for issuing it.",
            "5(a)(2)",
        ),
        law(
            "resident_only_where_principally_domiciled",
            True,
            "Whoever owns property or has a home in several towns is a resident only of the town where "
            "they are principally domiciled, and a non-resident in all others.",
            "1(b)",
        ),
        reading(
            "card_for_people_of_other_states",
            "library staff decide",
            "The program is for residents of Connecticut: whether a library issues a card to others, and "
            "for which fee, is for its own policy.",
            "1(a)",
            "5(a)(3)",
        ),
    ]
)

WHO = Question(
    "who",
    "Who asks, and for what?",
    choices(
        ("resident", "A resident of a town you serve, for a card"),
        ("local_card", "A resident of another Connecticut town, for a card to use at your library only"),
        ("home_card", "A resident of another Connecticut town, for a card to use everywhere"),
        ("two_places", "Somebody who owns property or has a second home here, for a card"),
        ("lost", "A holder who has lost the card", "What may you charge?"),
        ("worn", "A holder whose card has expired or worn out"),
        ("out_of_state", "Somebody from another state, for a card"),
    ),
)
ISSUES_CARDS = Question(
    "issues_cards",
    "Does your library issue cards to its own residents?",
    choices(("yes", "Yes"), ("no", "No")),
    assumed="yes",
)
DOMICILE = Question(
    "domicile",
    "Where do they mainly live?",
    choices(
        ("here", "In a town you serve"),
        ("elsewhere", "In another Connecticut town"),
        ("out_of_state", "Outside Connecticut"),
    ),
)

CARDS_AND_FEES = Table(
    key="cards",
    title="May we issue a card, and charge for it?",
    lead="Somebody asks for a card.",
    questions=(WHO, DOMICILE, ISSUES_CARDS, TAKES_PART),
    rulebook=RULEBOOK | OF_CARDS | OF_PAPER,
    rows=(
        row(
            "library_does_not_participate",
            {"who": "resident local_card lost worn two_places", "participates": "no"},
            Verdict.REFER,
            "Your library’s own policy decides",
            "Ask your supervisor.",
            "program_binds_participating_libraries",
        ),
        row(
            "own_resident",
            {"who": "resident", "issues_cards": "yes"},
            Verdict.YES,
            "Yes. You must issue the card, free of charge",
            "Issue a card with library, town, holder’s name and expiry date. It is good at every library "
            "that takes part.",
            "card_for_own_residents_is_issued_free",
            *CARD_LAYOUT,
        ),
        row(
            "library_without_cards",
            {"who": "resident", "issues_cards": "no"},
            Verdict.YES,
            "Yes. You must issue one that can be used elsewhere, free of charge",
            "Ask the State Library for blank cards, or print one that names library, town, holder and "
            "expiry date.",
            "card_for_those_without_one",
            *CARD_LAYOUT,
        ),
        row(
            "local_only_card",
            {"who": "local_card"},
            Verdict.MAY,
            "Your library may issue one for use here only, free of charge",
            "Put the holder’s home town and the words “for use in the (your library) only” on it.",
            "local_only_card_may_be_issued_free",
        ),
        row(
            "card_for_a_non_resident",
            {"who": "home_card"},
            Verdict.NO,
            "No, never. Only the home library issues that card",
            "Send them to the library of the town where they live. Your library may issue a card for use "
            "there only.",
            "non_resident_may_be_given_a_borrowit_card",
        ),
        row(
            "lost_card",
            {"who": "lost"},
            Verdict.MAY,
            "Your library may charge a reasonable fee to replace it",
            "Charge what your library’s fee list says for lost cards, or nothing.",
            "lost_card_may_cost_a_reasonable_fee",
        ),
        row(
            "lives_here",
            {"who": "two_places", "domicile": "here"},
            Verdict.YES,
            "Yes. They are residents here, and the card is free",
            "Issue the card of a resident.",
            "resident_only_where_principally_domiciled",
            "card_for_own_residents_is_issued_free",
        ),
        row(
            "lives_elsewhere",
            {"who": "two_places", "domicile": "elsewhere"},
            Verdict.NO,
            "No resident’s card. They are non-residents here",
            "Their card comes from the library of the town where they mainly live. Your library may issue "
            "a card for use there only, free of charge.",
            "resident_only_where_principally_domiciled",
            "local_only_card_may_be_issued_free",
        ),
        row(
            "lives_out_of_state",
            {"who": "two_places", "domicile": "out_of_state"},
            Verdict.NO,
            "No resident’s card. They are non-residents here",
            "They are no residents of any Connecticut town. Whether your library issues them another card "
            "is for its own policy.",
            "resident_only_where_principally_domiciled",
            "card_for_people_of_other_states",
        ),
        row(
            "new_card_for_an_old_one",
            {"who": "worn"},
            Verdict.YES,
            "Yes, free of charge",
            "Issue a new card with a future expiry date. First see that the holder still lives in a town "
            "you serve.",
            "lost_card_may_cost_a_reasonable_fee",
            "card_for_own_residents_is_issued_free",
        ),
        row(
            "out_of_state",
            {"who": "out_of_state"},
            Verdict.REFER,
            "Your library’s own policy decides",
            "Ask your supervisor. Loans on such a card are not reported.",
            "card_for_people_of_other_states",
        ),
    ),
)
