"""A consortium of two members whose system is the reference server, on a socket of this machine."""

import importlib.util
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from connecticard.models import Role
from connecticard.outbound import Limits
from tests.factories import make_consortium, make_letter, make_period, make_user
from transactions.harvest import harvester
from transactions.models import HarvestSource

REFERENCE = Path(__file__).parents[3] / "docs" / "harvest_reference_server.py"
CREDENTIAL = "of-the-consortium"


def reference_server():
    """Return the module of the reference server, which is no package of ours."""
    spec = importlib.util.spec_from_file_location("harvest_reference_server", REFERENCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def _may_20(settings, monkeypatch):
    """March and April are whole; answers must come quickly; this machine may be asked."""
    settings.DEMO_TODAY = date(2026, 5, 20)
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    monkeypatch.setattr(harvester, "LIMITS", Limits(seconds=0.5, body=20_000, redirects=2))


@pytest.fixture
def counts():
    """What the system offers: Avon and Bethel, in March and April."""
    return {
        "CT0001": {"2026-03": {"CT0002": 6, "Canton Library": 4}, "2026-04": {"CT0002": 7}},
        "CT0002": {"2026-03": {"CT0001": 3}, "2026-04": {"CT0001": 2, "CT0003": 9}},
    }


@pytest.fixture
def server(counts):
    offered = reference_server().HarvestServer(counts, credential=CREDENTIAL)
    threading.Thread(target=offered.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield offered
    offered.shutdown()
    offered.server_close()


@pytest.fixture
def members(libraries):
    make_period()
    for library in libraries.values():
        make_letter(library)
    return [libraries["CT0001"], libraries["CT0002"]]


@pytest.fixture
def consortium(members):
    return make_consortium("Sound Libraries", members=tuple(members))


@pytest.fixture
def filer(consortium):
    return make_user(Role.CONSORTIUM_FILER, consortium=consortium)


@pytest.fixture
def source(consortium, filer, server):
    return HarvestSource.objects.create(
        name="Sound ILS",
        consortium=consortium,
        address=server.address,
        sealed_credential=CREDENTIAL,
        created_at=datetime(2026, 5, 1, 12, tzinfo=UTC),
        created_by=filer,
        next_at=datetime(2026, 5, 2, 9, 15, tzinfo=UTC),
    )
