"""Acts at the same moment, each on a connection of its own: what only locks in the database keep apart."""

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection


class Elsewhere(threading.Thread):
    """Something done on another connection; `outcome` is what it returned or raised."""

    outcome: Any = None

    def __init__(self, act: Callable[[], Any]):
        super().__init__(daemon=True)
        self._act = act
        self.start()

    def run(self) -> None:
        try:
            self.outcome = self._act()
        except Exception as problem:
            self.outcome = problem
        finally:
            connection.close()

    def ended(self) -> Any:
        """Wait for the end, and return what came of it."""
        self.join(timeout=30)
        assert not self.is_alive(), "it still waits"
        return self.outcome


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do several things at the same moment, and return what each returned or raised."""
    start = threading.Barrier(len(acts))

    def after_start(act: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: (start.wait(), act())[1]

    return [thread.ended() for thread in [Elsewhere(after_start(act)) for act in acts]]


def wait_until_waiting(thread: Elsewhere) -> None:
    """Return once what is done elsewhere waits for a lock; what ended without waiting fails the test."""
    for _ in range(300):
        assert thread.is_alive(), f"it ended without waiting: {thread.outcome!r}"
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("It does not wait for a lock.")
