"""What the examples of the description name, and what stands in its place in the small world."""

from tests.api_world import STATEMENT

ON_RECORD = {
    "CT0012-semiannual-2026-03-01-1": "CT0001-semiannual-2026-03-01-1",
    "CT0012-2025-1": "CT0001-2027-1",
    "CT0012": "CT0001",
    "2018-1": "2027-1",
    "11": "1",
    "12": str(STATEMENT),
    2018: 2027,
}
