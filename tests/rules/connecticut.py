"""The days on which Connecticut's state offices are closed, for tests of dates."""

from datetime import date

import holidays

FIRST_YEAR, LAST_YEAR = 2014, 2042

# Both the holiday and the weekday on which it is kept are listed, as in the table that the product seeds.
CLOSED: frozenset[date] = frozenset(holidays.US(subdiv="CT", years=range(FIRST_YEAR, LAST_YEAR + 1)))
