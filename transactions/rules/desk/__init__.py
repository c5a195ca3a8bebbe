"""The desk: what circulation staff ask every day, as decision tables of which the first matching row wins.

Each module holds one table with the entries of the rulebook on which its rows rest. No question asks who a
borrower is.
"""

from transactions.rules.desk._table import all_of
from transactions.rules.desk.accounts import ACCOUNTS
from transactions.rules.desk.card_shown import CARD_SHOWN
from transactions.rules.desk.cards_and_fees import CARDS_AND_FEES
from transactions.rules.desk.circulation import CIRCULATION
from transactions.rules.desk.loan_reported import LOAN_REPORTED
from transactions.rules.desk.overdue_fine import OVERDUE_FINE
from transactions.rules.desk.returns import RETURNS

TABLES = all_of([CARD_SHOWN, LOAN_REPORTED, CARDS_AND_FEES, CIRCULATION, RETURNS, OVERDUE_FINE, ACCOUNTS])
"""Every table by its key, in the order in which the desk meets them."""
