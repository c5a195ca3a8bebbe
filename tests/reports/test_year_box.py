"""The certified year in a box, and the catalogue by which others find it."""

import io
import json
import subprocess
import sys
import zipfile
from datetime import timedelta
from hashlib import sha256

import pytest
from django.db import Error, transaction

from connecticard.canonical_json import sha256_of
from connecticard.models import AuditEvent, Role
from payments.services import void_run
from reports import making, tasks
from reports.box import boxes
from reports.box import making as box_making
from reports.catalogue import catalogue
from reports.edition_services import certify_edition, publish_edition, review_edition
from reports.models import Edition, YearBox
from reports.services import publish_run, request_documents
from tests.factories import make_user
from tests.reports.conftest import AT


@pytest.fixture(autouse=True)
def _made_by_hand(monkeypatch):
    monkeypatch.setattr(making, "pdf_of", lambda contents: f"%PDF {contents.title}".encode())
    monkeypatch.setattr(tasks.make_documents, "delay", lambda lines: None)
    monkeypatch.setattr(tasks.make_year_box, "delay", lambda pk: None)


@pytest.fixture
def administrator(db):
    return make_user(Role.STATE_ADMINISTRATOR)


def make_documents(edition, number=None):
    lines = edition.document_batches.latest("pk").lines.values_list("pk", flat=True)
    making.make_lines(lines[:number] if number else lines)


@pytest.fixture
def edition(certified_run, administrator):
    """Edition 1, published; its three reports and the payment list are made, its statements are not."""
    publish_run(run=certified_run, by=administrator, at=AT)
    edition = Edition.objects.get()
    make_documents(edition, 4)
    edition.refresh_from_db()
    for step in (review_edition, certify_edition, publish_edition):
        edition = step(edition=edition, by=administrator, at=AT)
    return edition


@pytest.fixture
def box(edition):
    make_documents(edition)
    return boxes.make_box(edition.box.pk)


def opened(box):
    with box.file.open("rb") as file:
        return zipfile.ZipFile(io.BytesIO(file.read()))


def test_publishing_an_edition_asks_for_its_box_which_waits_for_every_document(edition, client):
    waiting = boxes.make_box(edition.box.pk)

    assert not waiting.is_made
    assert "3 documents of" in waiting.waits_for
    assert client.get("/reports/2027/edition-1/box.zip").status_code == 404


def test_a_box_holds_everything_that_the_edition_publishes(box, edition):
    names = opened(box).namelist()

    assert names[0] == "datapackage.json"
    assert {name for name in names if name.startswith("documents/statements/")} == {
        f"documents/statements/{key}.pdf" for key in ("A", "B", "C")
    }
    reports = ("use-report", "participating-libraries", "expenditure-summary", "payment-list")
    assert set(names) >= {f"documents/{report}.pdf" for report in reports}
    assert set(names) >= {f"html/{report}.html" for report in reports}
    assert set(names) >= {"README.md", "CITATION.cff", "rulebook.json", "run-manifest.json"}
    assert set(names) >= {"api/statistics-use.json", "api/statistics-flows.json", "api/payments.json"}
    assert opened(box).read("data/flows.csv").decode().splitlines() == [
        "lender,home_library,loans",
        "A,B,30",
        "B,A,20",
    ]
    with opened(box) as archive:
        assert sha256_of(json.loads(archive.read("rulebook.json"))) == edition.run.rulebook_edition
        answered = json.loads(archive.read("api/statistics-flows.json"))["answer"]["results"]
        assert [row["loans"] for row in answered] == [30, 20]
        page = archive.read("html/use-report.html").decode()
    assert "<script" not in page
    assert 'src="' not in page
    assert "Library A" in page


def test_a_box_is_valid_by_its_own_description(box, tmp_path):
    """The tool that readers use: types, keys, sizes and hashes of every table and file."""
    opened(box).extractall(tmp_path)

    told = subprocess.run(
        [sys.executable, "-m", "frictionless", "validate", "datapackage.json", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    report = json.loads(told.stdout)
    assert report["valid"], [task["errors"] for task in report["tasks"] if task["errors"]] or report["errors"]
    assert report["stats"]["tasks"] == len(opened(box).namelist()) - 1


def test_the_description_names_keys_licences_and_hashes(box):
    with opened(box) as archive:
        package = json.loads(archive.read("datapackage.json"))
        resources = {resource["name"]: resource for resource in package["resources"]}
        for resource in package["resources"]:
            content = archive.read(resource["path"])
            assert resource["hash"] == f"sha256:{sha256(content).hexdigest()}"
            assert resource["bytes"] == len(content)

    assert package["licenses"]
    assert package["sources"]
    assert resources["flows"]["schema"]["primaryKey"] == ["lender", "home_library"]
    assert resources["flows"]["schema"]["foreignKeys"][0]["reference"] == {
        "resource": "libraries",
        "fields": ["library"],
    }
    payment = next(field for field in resources["payments"]["schema"]["fields"] if field["name"] == "payment")
    assert payment["type"] == "number"
    assert "In dollars." in payment["description"]


def test_a_box_made_again_is_the_same_to_the_byte(box):
    edition = Edition.objects.get()

    assert sha256(box_making.box_of(edition)).hexdigest() == box.sha256
    assert boxes.make_box(box.pk) is None
    assert AuditEvent.objects.filter(action="year_box_made").count() == 1


def test_a_box_is_sent_under_its_permanent_address(box, client):
    answer = client.get("/reports/2027/edition-1/box.zip")

    content = b"".join(answer.streaming_content)
    assert sha256(content).hexdigest() == box.sha256
    assert len(content) == box.size
    assert answer["ETag"] == f'"{box.sha256}"'
    assert "immutable" in answer["Cache-Control"]
    assert 'filename="borrowit-ct-FY2027-edition-1.zip"' in answer["Content-Disposition"]
    assert client.get("/reports/2027/edition-2/box.zip").status_code == 404
    again = client.get("/reports/2027/edition-1/box.zip", headers={"If-None-Match": f'"{box.sha256}"'})
    assert again.status_code == 304


def test_nothing_of_a_box_changes_once_it_is_made(box):
    for change in ({"sha256": "0" * 64}, {"size": 1}, {"file": "other.zip"}, {"waits_for": "x"}):
        with pytest.raises(Error), transaction.atomic():
            YearBox.objects.update(**change)
    with pytest.raises(Error), transaction.atomic():
        YearBox.objects.all().delete()


def test_a_box_is_of_a_published_edition_and_whole(certified_run, administrator):
    publish_run(run=certified_run, by=administrator, at=AT)
    draft = Edition.objects.get()

    with pytest.raises(Error, match="an edition that is published"), transaction.atomic():
        YearBox.objects.create(edition=draft, asked_at=AT)


def test_a_box_without_its_hash_is_refused(edition):
    with pytest.raises(Error, match="a_box_that_is_made_is_whole"), transaction.atomic():
        YearBox.objects.update(made_at=AT, file="x.zip", size=1)


def test_a_box_that_fails_says_why_and_is_asked_for_again(edition, monkeypatch):
    make_documents(edition)
    monkeypatch.setattr(box_making, "snapshot", lambda *about: 1 / 0)
    asked = []
    monkeypatch.setattr(tasks.make_year_box, "delay", asked.append)

    failed = boxes.make_box(edition.box.pk)
    tasks.make_forgotten_boxes()

    assert "ZeroDivisionError" in failed.waits_for
    assert asked == [failed.pk]


def test_a_document_that_failed_and_was_made_by_another_batch_holds_no_box_up(edition, administrator):
    first = edition.document_batches.latest("pk")
    first.lines.filter(document=None).update(failure="The file could not be stored (no room).")
    again = request_documents(run=edition.run, by=administrator, at=AT + timedelta(hours=1))
    making.make_lines(again.lines.values_list("pk", flat=True))

    box = boxes.make_box(edition.box.pk)

    assert box.waits_for == ""
    assert sum("statements/" in name for name in opened(box).namelist()) == 3


def test_no_box_is_made_of_a_run_that_was_voided_first(edition, administrator):
    make_documents(edition)
    void_run(run=edition.run, reason="A letter was missing.", by=administrator, at=AT)

    box = boxes.make_box(edition.box.pk)

    assert not box.is_made
    assert "was voided before the box was made" in box.waits_for


# The catalogue (DCAT-US 1.1)


def test_the_catalogue_has_what_the_schema_requires(box, client):
    answer = client.get("/data.json")

    told = answer.json()
    assert answer["Content-Type"].startswith("application/json")
    assert told["conformsTo"] == "https://project-open-data.cio.gov/v1.1/schema"
    assert told["@type"] == "dcat:Catalog"
    [dataset] = told["dataset"]
    required = {"title", "description", "keyword", "modified", "publisher", "contactPoint", "identifier"}
    assert dataset.keys() >= required | {"accessLevel", "license", "distribution", "temporal", "spatial"}
    assert all(dataset[field] for field in required)
    assert dataset["accessLevel"] == "public"
    assert dataset["publisher"]["name"] == "Connecticut State Library"
    assert dataset["contactPoint"]["hasEmail"].startswith("mailto:")
    assert dataset["identifier"].endswith("/reports/2027/")
    for distribution in dataset["distribution"]:
        assert ("downloadURL" in distribution) != ("accessURL" in distribution)
        if "downloadURL" in distribution:
            assert distribution["mediaType"]
            address = distribution["downloadURL"].removeprefix("http://127.0.0.1:8000")
            sent = client.get(address)
            assert sent.status_code == 200
            assert b"".join(sent.streaming_content)
    assert dataset["distribution"][0]["mediaType"] == "application/zip"


def test_the_catalogue_is_empty_before_anything_is_published(db):
    assert catalogue()["dataset"] == []
