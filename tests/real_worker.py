"""A real Celery worker on the test database, that can be killed as a power cut would."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from django.conf import settings as project
from django.db import connection

from connecticard.celery import app
from reports import tasks
from reports.models import DocumentBatch

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
