"""A real Celery worker, killed in the middle of its work: nothing is lost and nothing is doubled."""

from collections import Counter

import pytest

from payments.services import calculate_run, create_run
from reports.models import Document
from reports.services import request_documents, restart_documents
from tests.factories import make_home_library, make_letter
from tests.payments.records import appropriation, certified
from tests.real_worker import broker, kill, start_worker, wait_for, wait_for_locks  # noqa: F401 - fixtures
from tests.reports.conftest import AT

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]


def test_a_killed_worker_loses_nothing_and_doubles_nothing(staff, broker, start_worker, tmp_path):  # noqa: F811
    libraries = [make_home_library(f"Library {number:02}", key=f"CT{number:04}") for number in range(40)]
    for library in libraries:
        make_letter(library)
    certified(libraries[0], {libraries[1]: 30})
    run = calculate_run(run=create_run(appropriation=appropriation(), by=staff, at=AT), by=staff, at=AT)
    first = start_worker()

    batch = request_documents(run=run, by=staff, at=AT)
    wait_for(batch, 8, tmp_path)
    kill(first)

    wait_for_locks(batch)
    made, failed, asked = batch.progress()
    assert 8 <= made < asked
    assert failed == 0

    start_worker()
    restart_documents(batch=batch, by=staff)
    restart_documents(batch=batch, by=staff)  # asked twice, made once
    wait_for(batch, asked, tmp_path)

    documents = list(Document.objects.values_list("kind", "library"))
    assert set(Counter(documents).values()) == {1}
    assert len(documents) == asked == 44
    assert batch.progress() == (44, 0, 44)
    files = [path for path in (tmp_path / "var" / "documents").rglob("*") if path.is_file()]
    assert len(files) == 2 * asked + 2 * 4  # the list and the reports have a workbook and JSON too
    for document in Document.objects.all():
        assert document.pdf.size == document.pdf_size
        assert document.csv.size == document.csv_size
