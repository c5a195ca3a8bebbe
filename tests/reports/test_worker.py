"""A real Celery worker, killed in the middle of its work: nothing is lost and nothing is doubled."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from django.conf import settings as project
from django.db import connection

from connecticard.celery import app
from payments.services import calculate_run, create_run
from reports import tasks
from reports.models import Document, DocumentBatch
from reports.services import request_documents, restart_documents
from tests.factories import make_home_library, make_letter
from tests.payments.records import appropriation, certified
from tests.reports.conftest import AT

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]
QUEUE = f"worker-test-{os.getpid()}"
SECONDS = 120


@pytest.fixture
def broker(monkeypatch):
    """The queue of this test alone, empty before and after."""

    def send(chunk):
        tasks.make_documents.apply_async((chunk,), queue=QUEUE)

    monkeypatch.setattr(tasks.make_documents, "delay", send)
    with app.connection_for_write() as connected:
        yield
        channel = connected.default_channel
        for key in (QUEUE, f"_kombu.binding.{QUEUE}"):
            channel.client.delete(key)
        for tag, delivery in channel.client.hgetall("unacked").items():
            if QUEUE.encode() in delivery:
                channel.client.hdel("unacked", tag)
                channel.client.zrem("unacked_index", tag)


@pytest.fixture
def start_worker(settings, tmp_path):
    """Start a worker on the test database; every one still running is killed at the end."""
    settings.MEDIA_ROOT = tmp_path / "var" / "documents"
    database = connection.settings_dict
    address = f"postgresql://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}"
    if not database["PORT"]:
        address = f"postgresql://{database['USER']}@/"
    environment = os.environ | {
        "DATABASE_URL": f"{address.rstrip('/')}/{database['NAME']}",
        "CONNECTICARD_VAR": str(tmp_path / "var"),
    }
    started = []

    def start() -> subprocess.Popen:
        command = [sys.executable, "-m", "celery", "--app", "connecticard.celery", "worker"]
        command += ["--queues", QUEUE, "--concurrency", "1", "--without-gossip", "--without-mingle"]
        with (tmp_path / f"worker-{len(started)}.log").open("w") as log:
            worker = subprocess.Popen(
                command,
                cwd=project.BASE_DIR,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        started.append(worker)
        return worker

    yield start
    for worker in started:
        kill(worker)


def kill(worker: subprocess.Popen) -> None:
    """Kill a worker and its child processes at once, as a power cut would."""
    with suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def wait_for(batch: DocumentBatch, number: int, folder: Path) -> None:
    until = time.monotonic() + SECONDS
    while batch.progress()[0] < number:
        if time.monotonic() > until:
            logs = "\n".join(log.read_text()[-2000:] for log in sorted(folder.glob("worker-*.log")))
            pytest.fail(f"only {batch.progress()} after {SECONDS} seconds\n{logs}")
        time.sleep(0.05)


def wait_for_locks(batch: DocumentBatch) -> None:
    """Wait until the server has seen that the killed worker is gone, and has let go of its line."""
    until = time.monotonic() + SECONDS
    while len(tasks.open_lines(batch.lines.all())) < batch.lines.to_make().count():
        assert time.monotonic() < until, "the server still holds the lock of a worker that is gone"
        time.sleep(0.05)


def test_a_killed_worker_loses_nothing_and_doubles_nothing(staff, broker, start_worker, tmp_path):
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
    assert len(files) == 2 * asked
    for document in Document.objects.all():
        assert document.pdf.size == document.pdf_size
        assert document.csv.size == document.csv_size
