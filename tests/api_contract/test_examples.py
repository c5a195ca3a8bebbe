"""Every example of the reference pages, run as it stands there against a server that answers."""

import html
import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from django.test import Client

from connecticard.models import Role
from tests.api_contract.on_record import ON_RECORD
from tests.api_world import TODAY, World, make_world, token_of
from tests.factories import make_user

pytestmark = [pytest.mark.api, pytest.mark.django_db(transaction=True)]

# What a well-formed request may still be told, since each example meets the world as the one before left it
AS_THINGS_STAND = {"conflict", "not_accepted", "not_on_record", "second_factor_refused", "not_found"}
TOLD = "import borrowit\ntry:\n{}\nexcept borrowit.Problem as problem:\n    print(problem.told['code'])"
COUNTS = "home_library,2027-03,2027-04,2027-05,2027-06,2027-07,2027-08\n"


def code_on(address: str, language: str) -> list[str]:
    page = Client().get(address).content.decode()
    return [
        html.unescape(text)
        for text in re.findall(rf'<code class="language-{language}"[^>]*>(.*?)</code>', page, re.DOTALL)
    ]


@pytest.fixture
def world(live_server, settings, tmp_path) -> World:
    """A server with records, and the module of the examples in a folder."""
    settings.DEMO_TODAY = TODAY
    settings.SITE_URL = live_server.url
    settings.API_REQUESTS_A_MINUTE = dict.fromkeys(settings.API_REQUESTS_A_MINUTE, 10**9)
    module = next(text for text in code_on("/api/", "python") if "def call(" in text)
    (tmp_path / "borrowit.py").write_text(module, encoding="utf-8")
    return make_world()


def run(line: list[str], folder: Path, user, expected: int = 0) -> str:
    token = token_of(user)["Authorization"].removeprefix("Bearer ")
    environment = {"PATH": os.environ["PATH"], "TOKEN": token, "no_proxy": "*"}
    done = subprocess.run(
        line, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout


def with_records(text: str, world: World) -> str:
    """Return an example with the keys of what is on record here."""
    for named, here in ON_RECORD.items():
        if isinstance(named, str) and len(named) > 2:
            text = text.replace(named, here)
    text = text.replace("CT0001-202603-202608-1-S1-7KQ4X", world.receipt.number)
    return (
        text.replace("fiscal_year=2018", "fiscal_year=2027")
        .replace("documents/12/", f"documents/{world.statement.pk}/")
        .replace("towns/11/", "towns/1/")
    )


def run_as_who_may(line: list[str], folder: Path, world: World) -> str:
    """Run an example as State Library staff, else as the library's filer, else as its certifier."""
    certifier = make_user(Role.LIBRARY_CERTIFIER, library=world.libraries["CT0001"])
    answer = ""
    for user in (world.staff, world.filer, certifier):
        answer = run(line, folder, user)
        if "permission_denied" not in answer:
            break
    return answer


def shell() -> str:
    if not shutil.which("curl"):
        warnings.warn("THE CURL EXAMPLES ARE LEFT OUT: curl is not on this machine", stacklevel=2)
        pytest.skip("curl is not on this machine")
    return shutil.which("bash") or "sh"


def pages() -> list[str]:
    names = re.findall(r'href="/api/reference/([a-z-]+)/"', Client().get("/api/").content.decode())
    assert len(names) >= 10
    return [f"/api/reference/{name}/" for name in dict.fromkeys(names)]


def told(answer: str) -> str:
    """Return the code of a problem; empty where the answer is none."""
    said = json.loads(answer) if answer else {}
    return said["code"] if isinstance(said, dict) and "request_id" in said else ""


def test_every_curl_example_is_answered(world, tmp_path):
    bash, wrong = shell(), []
    for page in pages():
        for text in code_on(page, "bash"):
            writes = "--request" in text
            answer = run_as_who_may([bash, "-c", with_records(text, world)], tmp_path, world)
            if told(answer) not in (AS_THINGS_STAND if writes else {""}) | {""}:
                wrong.append((text, answer))

    assert wrong == []


def test_every_python_example_is_answered(world, tmp_path):
    wrong = []
    for page in pages():
        for text in code_on(page, "python"):
            writes = 'call("GET"' not in text or "body =" in text or "etag=etag" in text
            indented = "\n".join(f"    {line}" for line in with_records(text, world).splitlines())
            answer = run_as_who_may([sys.executable, "-c", TOLD.format(indented)], tmp_path, world)
            last = answer.strip().splitlines()[-1]
            if not last.startswith(("{", "[", "None")) and not (writes and last in AS_THINGS_STAND):
                wrong.append((text, answer))

    assert wrong == []


@pytest.mark.parametrize("language", ["bash", "python"])
def test_semiannual_report_is_filed_as_the_page_says(world, tmp_path, language):
    program = shell() if language == "bash" else sys.executable
    text = next(text for text in code_on("/api/", language) if "File a library" in text)
    (tmp_path / "file_a_report").write_text(text, encoding="utf-8")
    (tmp_path / "counts.csv").write_text(
        COUNTS + "CT0002,3,2,4,3,5,2\nCT0003,0,0,0,0,0,0\nCT0005,0,0,0,0,0,0\n", encoding="utf-8"
    )

    said = run(
        [program, "file_a_report", "CT0001", "semiannual-2027-03-01", "counts.csv"], tmp_path, world.filer
    )

    assert world.libraries["CT0001"].filings.get(period__first_day="2027-03-01").status == "submitted"
    assert "CT0001-202703-202708-1-S1-" in said
