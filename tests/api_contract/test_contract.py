"""The REST interface against its own description: requests right and wrong, by each kind of client."""

from copy import deepcopy
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase
from schemathesis.config import SchemathesisConfig

from connecticard.api_schema import description, operations
from tests.api_world import STATEMENT, TODAY, make_world, token_of

pytestmark = [pytest.mark.api, pytest.mark.django_db]

CONFIG = SchemathesisConfig.from_dict(
    {
        "seed": 11031,
        "generation": {"mode": "all"},
    }
)
ON_RECORD = {
    "11": "1",
    "CT0012": "CT0001",
    "CT0012-semiannual-2026-03-01-1": "CT0001-semiannual-2026-03-01-1",
    "CT0012-2025-1": "CT0001-2027-1",
    "2018-1": "2027-1",
    "12": str(STATEMENT),
    2018: 2027,
}


def described() -> dict[str, Any]:
    """Return the description with examples that are on record here, so that answers have content."""
    found = deepcopy(description())
    for _, operation in operations(found):
        for parameter in operation.get("parameters", ()):
            if "example" in parameter:
                parameter["example"] = ON_RECORD.get(parameter["example"], parameter["example"])
            if "examples" in parameter["schema"]:
                parameter["schema"]["examples"] = [
                    ON_RECORD[year] for year in parameter["schema"]["examples"]
                ]
    return found


schema = schemathesis.openapi.from_dict(described(), config=CONFIG)
schema.app = get_wsgi_application()


@pytest.fixture(params=["nobody", "staff", "filer"])
def headers(request, settings, db):
    """What each kind of client sends to say who it is; nobody is kept out for asking much."""
    settings.DEMO_TODAY = TODAY
    settings.API_REQUESTS_A_MINUTE = dict.fromkeys(settings.API_REQUESTS_A_MINUTE, 10**9)
    for signal in (request_started, request_finished):  # the test's connection stays, as with Django's client
        signal.disconnect(close_old_connections)
    world = make_world()
    yield {} if request.param == "nobody" else token_of(getattr(world, request.param))
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@schema.parametrize()
@hypothesis.settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_described(case, headers):
    case.call_and_validate(headers=headers)
