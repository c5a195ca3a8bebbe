"""Notices, responsibility, lost and found: who tells the borrower, who owes, and who is paid.

Source: Regs. Conn. State Agencies § 11-31c-5(d), (e)(4), (f) and (g).
"""

from connecticard.rulebook import Rulebook
from transactions.rules.desk._table import Question, Table, Verdict, choices, law, row
from transactions.rules.desk.overdue_fine import RULEBOOK as OF_FINES

RULEBOOK = Rulebook(
    [
        law(
            "overdue_notices_come_from_the_lender",
            True,
            "The library that lent an item prepares the overdue notice and sends it to the borrower itself.",
            "5(d)(1)",
        ),
        law(
            "home_library_helps_to_clear_accounts",
            True,
            "The lender may tell the home library of overdue and lost items and of fines owed; the home "
            "library must help, also to find the borrower’s address.",
            "5(d)(2)",
        ),
        law(
            "borrower_alone_is_responsible",
            True,
            "The borrower answers for loans, fines and lost items, never the home library or the State "
            "Library.",
            "5(f)(1)",
        ),
        law(
            "lost_items_are_paid_to_the_lender",
            True,
            "Whoever lost or damaged an item pays the library that lent it.",
            "5(g)(1)",
        ),
        law(
            "found_items_are_refunded_as_to_residents",
            True,
            "Where an item is found that was paid for, the lender’s rules on refunds to its residents hold.",
            "5(g)(2)",
        ),
    ]
)

ABOUT = Question(
    "about",
    "What is it about?",
    choices(
        ("overdue", "Something is overdue", "Who tells the borrower?"),
        ("help", "The lender cannot reach the borrower", "Must the home library help?"),
        ("owes", "Who owes for it?"),
        ("lost", "Something is lost or damaged", "Who is paid?"),
        ("found", "A lost item that was paid for has been found"),
        ("fine", "A fine was paid, and the borrower wants it back"),
    ),
)

ACCOUNTS = Table(
    key="account",
    title="Who tells, who owes, who is paid?",
    lead="Overdue notices, lost and damaged items, items found again.",
    questions=(ABOUT,),
    rulebook=RULEBOOK | OF_FINES,
    rows=(
        row(
            "overdue",
            {"about": "overdue"},
            Verdict.YES,
            "The lender notifies the borrower directly",
            "If your library lent it, send the notice to the borrower. If not, there is nothing to do.",
            "overdue_notices_come_from_the_lender",
        ),
        row(
            "lender_needs_help",
            {"about": "help"},
            Verdict.MAY,
            "The lender may tell the home library, which must help",
            "Lender: write to the home library. Home library: help to clear the account, also with the "
            "borrower’s address.",
            "home_library_helps_to_clear_accounts",
        ),
        row(
            "who_owes",
            {"about": "owes"},
            Verdict.YES,
            "The borrower, and nobody else",
            "Ask the borrower. Do not bill the home library or the State Library.",
            "borrower_alone_is_responsible",
        ),
        row(
            "lost_or_damaged",
            {"about": "lost"},
            Verdict.YES,
            "The borrower pays the lender, wherever it is reported",
            "Send the borrower, or the payment, to the library that lent the item, and tell it what "
            "happened.",
            "lost_items_are_paid_to_the_lender",
        ),
        row(
            "found_after_payment",
            {"about": "found"},
            Verdict.MAY,
            "The lender decides, as it does for its residents",
            "Send the item to the library that lent it. It applies its own rules on refunds.",
            "found_items_are_refunded_as_to_residents",
        ),
        row(
            "fine_collected",
            {"about": "fine"},
            Verdict.NO,
            "No. A fine that was paid is not refunded",
            "This holds even where the price of the item is refunded.",
            "fines_stay_with_who_collects_them",
            "found_items_are_refunded_as_to_residents",
        ),
    ),
)
