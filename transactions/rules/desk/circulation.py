"""Circulation: what is lent to people of other towns, and by which rules.

Source: Regs. Conn. State Agencies § 11-31c-5(b).
"""

from connecticard.rulebook import Rulebook
from transactions.rules.desk._table import TAKES_PART, Question, Table, Verdict, choices, law, row
from transactions.rules.desk.card_shown import RULEBOOK as OF_CARDS

RULEBOOK = Rulebook(
    [
        law(
            "all_that_residents_borrow_is_lent",
            True,
            "A library that takes part lends to non-residents everything that it lends to residents with a "
            "card.",
            "5(b)(1)",
        ),
        law(
            "rules_of_the_lender_apply",
            True,
            "The lender’s rules on loans and renewals hold for residents and non-residents alike.",
            "5(b)(2)",
            "5(b)(4)",
        ),
        law(
            "printed_policy_is_given_on_request",
            True,
            "A non-resident borrower who asks is given a printed statement of the lender’s circulation "
            "policy and procedures.",
            "5(b)(3)",
        ),
        law(
            "reserves_of_non_residents_may_be_taken",
            True,
            "A library may take reserves and interlibrary loan requests from non-residents, under the same "
            "rules as from residents.",
            "5(b)(5)",
        ),
    ]
)

ASKS = Question(
    "asks",
    "What does a borrower from another town want?",
    choices(
        ("item", "Something that you lend to residents", "Of any kind: books, films, tools."),
        ("not_lent", "Something that you do not lend to residents"),
        ("rules", "To know how long, how many or how often renewed"),
        ("policy", "Your lending rules in print"),
        ("request", "To reserve something, or an interlibrary loan"),
    ),
)

CIRCULATION = Table(
    key="lending",
    title="What do we lend to people of other towns?",
    lead="A borrower from another Connecticut town asks for something.",
    questions=(ASKS, TAKES_PART),
    rulebook=RULEBOOK | OF_CARDS,
    rows=(
        row(
            "library_does_not_participate",
            {"participates": "no"},
            Verdict.REFER,
            "Your library’s own policy decides",
            "Ask your supervisor.",
            "program_binds_participating_libraries",
        ),
        row(
            "lent_to_residents",
            {"asks": "item"},
            Verdict.YES,
            "Yes. You must lend what you lend to residents",
            "Lend it by the rules that hold for residents.",
            "all_that_residents_borrow_is_lent",
        ),
        row(
            "not_lent_to_residents",
            {"asks": "not_lent"},
            Verdict.NO,
            "No. What residents cannot borrow need not be lent",
            "Tell them that the same holds for residents.",
            "all_that_residents_borrow_is_lent",
            "rules_of_the_lender_apply",
        ),
        row(
            "same_rules",
            {"asks": "rules"},
            Verdict.YES,
            "The same as for residents of your town",
            "Apply your own loan periods, limits and renewals. No stricter rules for non-residents.",
            "rules_of_the_lender_apply",
        ),
        row(
            "printed_policy",
            {"asks": "policy"},
            Verdict.YES,
            "Yes. You must give it",
            "Hand out your circulation policy and procedures in print.",
            "printed_policy_is_given_on_request",
        ),
        row(
            "reserve_or_interlibrary_request",
            {"asks": "request"},
            Verdict.MAY,
            "Your library may take it, by the same rules as for residents",
            "Do as your library does for everybody from other towns.",
            "reserves_of_non_residents_may_be_taken",
        ),
    ),
)
