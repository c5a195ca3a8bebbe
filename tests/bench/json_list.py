"""A page of 10,000 loan counts by REST against the same route with JSON that PostgreSQL wrote itself.

Both sides find out who asks, count the request, find the filing and name the answer by its hash.
"""

from collections.abc import Iterable
from datetime import date

import orjson
from django.db import connection
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from connecticard.models import Role, RoleAssignment, User
from libraries.models import Library
from libraries.roster import load_roster
from tests.bench.measure import Measurement, paired
from tests.factories import make_filing, make_period
from transactions.api import LoanCountViewSet
from transactions.models import LoanCount
from transactions.rules.filing_calendar import Cadence

ROWS = 10_000
FILING = "CT0001-semiannual-2026-03-01-1"


def run() -> Iterable[Measurement]:
    load_roster()
    person = User.objects.create_user("bench@example.org", name="Bench")
    RoleAssignment.objects.create(user=person, role=Role.STATE_STAFF, valid=(date(2000, 1, 1), None))
    filing = make_filing(Library.objects.get(key="CT0001"), make_period(date(2026, 3, 1), Cadence.SEMIANNUAL))
    homes = Library.objects.order_by("key").values_list("pk", flat=True)
    months = [date(2020 + month // 12, month % 12 + 1, 1) for month in range(ROWS // len(homes) + 1)]
    cells = [(home, month) for month in months for home in homes][:ROWS]
    LoanCount.objects.bulk_create(
        LoanCount(filing=filing, home_library_id=home, month=month, loans=place % 500)
        for place, (home, month) in enumerate(cells)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

    def answer(viewset: type[LoanCountViewSet]) -> bytes:
        request = APIRequestFactory().get("/", {"page_size": ROWS})
        force_authenticate(request, person)
        return viewset.as_view({"get": "list"})(request, filing=FILING).render().content

    WrittenByTheDatabase.filing = filing.pk
    assert orjson.loads(answer(LoanCountViewSet)) == orjson.loads(answer(WrittenByTheDatabase))
    yield paired(
        f"a page of {ROWS:,} loan counts by REST against json_agg",
        ours=lambda: answer(LoanCountViewSet),
        floor=lambda: answer(WrittenByTheDatabase),
        goal=1.3,
    )


class WrittenByTheDatabase(LoanCountViewSet):
    """The route with its rows as one text from the database."""

    filing: int

    def list(self, request: Request, **parts: str) -> Response:
        self.get_queryset()
        return Response({"next": None, "previous": None, "results": orjson.Fragment(_json_agg(self.filing))})


def _json_agg(filing: int) -> str:
    """The same rows in the same order."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT json_agg(row)::text
            FROM (
                SELECT library.key AS home_library, count.month, count.loans
                FROM transactions_loancount count
                JOIN libraries_library library ON library.id = count.home_library_id
                WHERE count.filing_id = %s
                ORDER BY library.key, count.month
            ) AS row
            """,
            [filing],
        )
        return cursor.fetchone()[0]
