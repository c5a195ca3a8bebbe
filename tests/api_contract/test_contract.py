"""The REST interface against its own description: requests right and wrong, by each kind of client.

Every check that schemathesis knows by default is on. What a request changes is undone before the next.
"""

from copy import deepcopy
from dataclasses import fields
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase
from schemathesis.config import SchemathesisConfig

from connecticard.api_schema import description
from connecticard.permissions import Scope
from tests.api_contract.clients import EVERYBODY, WRITERS, headers_of_every_client
from tests.api_contract.on_record import ON_RECORD
from tests.api_world import TODAY, make_world

pytestmark = [pytest.mark.api, pytest.mark.django_db]

CONFIG: dict[str, Any] = {"seed": 11031, "generation": {"mode": "all"}}
made_up = hypothesis.settings(
    max_examples=6,  # for each client and operation, beside the requests that the description calls for
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
few = hypothesis.settings(made_up, max_examples=3)


def described() -> dict[str, Any]:
    """Return the description with examples that are on record here, so that answers have content."""
    found = deepcopy(description())
    for methods in found["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                if "example" in parameter:
                    parameter["example"] = ON_RECORD.get(parameter["example"], parameter["example"])
                if "examples" in parameter["schema"]:
                    parameter["schema"]["examples"] = [
                        ON_RECORD.get(value, value) for value in parameter["schema"]["examples"]
                    ]
    return found


def schema_of(settings: dict[str, Any]) -> Any:
    made = schemathesis.openapi.from_dict(described(), config=SchemathesisConfig.from_dict(settings))
    made.app = get_wsgi_application()
    return made


schema = schema_of(CONFIG)
# What is wrong with a request's form is found by who may write, and by every role that reads
shorter = schema_of({**CONFIG, "phases": {"coverage": {"enabled": False}}})


@pytest.fixture(scope="module")
def every_client(once) -> dict[str, dict[str, str]]:
    """What each kind of client sends to say who it is; one world for them all."""
    return once(lambda: headers_of_every_client(make_world()))


@pytest.fixture(autouse=True)
def _unhindered(settings, db):
    """Nobody is kept out for asking much, and the test's connection stays, as with Django's client."""
    settings.DEMO_TODAY = TODAY
    settings.API_REQUESTS_A_MINUTE = dict.fromkeys(settings.API_REQUESTS_A_MINUTE, 10**9)
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def ask(case: Any, headers: dict[str, str]) -> None:
    with transaction.atomic():
        case.call_and_validate(headers=headers)
        transaction.set_rollback(True)


@pytest.mark.parametrize("client", EVERYBODY)
@schema.include(method="GET").parametrize()
@made_up
def test_every_answer_is_as_described(case, client, every_client):
    ask(case, every_client[client])


@pytest.mark.parametrize("client", WRITERS)
@schema.exclude(method="GET").parametrize()
@made_up
def test_every_write_is_answered_as_described(case, client, every_client):
    ask(case, every_client[client])


@pytest.mark.parametrize("client", [client for client in EVERYBODY if client not in WRITERS])
@shorter.exclude(method="GET").parametrize()
@few
def test_who_mostly_may_not_write_is_answered_as_described(case, client, every_client):
    ask(case, every_client[client])


@pytest.mark.parametrize("scope", list(Scope))
@shorter.parametrize()
@few
def test_token_of_one_scope_is_answered_as_described(case, scope, every_client):
    ask(case, every_client[scope])


def test_no_check_is_left_out():
    checks = schema.config.checks

    kept = {field.name: getattr(checks, field.name) for field in fields(checks)}
    left_out = {name for name, check in kept.items() if not getattr(check, "enabled", True)}

    assert left_out == {"max_response_time"}  # a limit, and no default one
