"""The harvest specification: its schema, its examples and its strict reading say the same."""

import json
from copy import deepcopy
from datetime import date

import pytest
from jsonschema import Draft202012Validator

from connecticard.models import User
from tests.transactions.harvest.conftest import REFERENCE
from transactions.harvest import described, reading
from transactions.harvest.reading import NotAsSpecified
from transactions.harvest.specification import EXAMPLES, SCHEMA, Code

SEPTEMBER = date(2026, 9, 1)
READERS = {
    "status": reading.read_status,
    "members": reading.read_members,
    "counts": lambda body: reading.read_counts(body, SEPTEMBER),
    "refusal": reading.read_refusal,
}


@pytest.fixture(autouse=True)
def _may_20():
    """These tests need no world."""


def is_valid(value):
    return Draft202012Validator(SCHEMA).is_valid(value)


@pytest.mark.parametrize("kind", READERS)
def test_each_example_is_as_specified(kind):
    assert is_valid(EXAMPLES[kind])

    READERS[kind](json.dumps(EXAMPLES[kind]).encode())


def test_what_is_read_is_what_was_said():
    month = READERS["counts"](json.dumps(EXAMPLES["counts"]).encode())

    avon, bethel = month.members
    assert (avon.library, avon.counts) == ("CT0001", (("CT0002", 41), ("Canton Public Library", 7)))
    assert [each.code for each in bethel.exceptions] == [Code.NOT_READY]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("specification",), "sushi"),
        (("version",), "2.0"),
        (("month",), "2026-13"),
        (("month",), 202609),
        (("counts",), {}),
        (("counts", 0, "library"), "ct 1"),
        (("counts", 0, "patron"), "Jane Doe"),
        (("counts", 0, "loans", 0, "units"), -1),
        (("counts", 0, "loans", 0, "units"), "41"),
        (("counts", 0, "loans", 0, "units"), True),
        (("counts", 0, "loans", 0, "units"), 2**31),
        (("counts", 0, "loans", 0, "home_library"), ""),
        (("counts", 0, "loans", 0, "home_library"), None),
        (("counts", 0, "loans", 0, "barcode"), "29876"),
        (("counts", 1, "exceptions", 0, "code"), 9999),
        (("counts", 1, "exceptions"), "not ready"),
        (("exceptions",), [{}]),
    ],
)
def test_another_answer_is_refused_by_schema_and_reader_and_never_quoted(place, value):
    answer = deepcopy(EXAMPLES["counts"])
    inner = answer
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value

    assert not is_valid(answer)
    with pytest.raises(NotAsSpecified) as refused:
        READERS["counts"](json.dumps(answer).encode())
    assert "Jane" not in str(refused.value)
    assert "29876" not in str(refused.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"nul",
        b"\xff\xfe{",
        b"[" * 100_000,
        b'{"specification": "borrowit-harvest", "version": "1.0", "service": "available"',
        b'{"specification": "borrowit-harvest", "version": "1.0", "service": NaN}',
        b'{"specification": "borrowit-harvest", "version": "1.0", "service": "x", "service": "available"}',
        b'{"specification": "borrowit-harvest", "version": "1.0", "service": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_whole_json_is_refused(body):
    with pytest.raises(NotAsSpecified):
        reading.read_status(body)


def test_another_month_than_the_one_asked_for_is_refused():
    with pytest.raises(NotAsSpecified, match="2026-10 was asked for"):
        reading.read_counts(json.dumps(EXAMPLES["counts"]).encode(), date(2026, 10, 1))


def test_the_document_in_the_repository_is_the_page():
    document = REFERENCE.parent / "harvest.md"

    assert document.read_text() == described.as_markdown(), "write docs/harvest.md anew from as_markdown()"


@pytest.mark.django_db
def test_everybody_reads_the_specification_and_the_schema(client):
    page = client.get("/api/harvest/")
    schema = client.get("/api/harvest/schema.json")

    assert "borrowit-harvest" in page.content.decode()
    assert str(Code.NOT_READY.value) in page.content.decode()
    assert schema.json() == SCHEMA
    assert not User.objects.exists()
