"""The servers of this checkout: who started them, who uses them, and where their addresses stand.

`var/` belongs to `./dev run`; `var/once`, `var/test` and `var/bench` are worlds of their own. In each,
`owner.lock` is held by the command that started the servers; `users.lock` is shared by all that use those of
`./dev run`.
"""

import contextlib
import fcntl
import json
import os
import secrets
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from devtools.postgres import USER, Postgres, make_database
from devtools.processes import Child, Register
from devtools.valkey import Valkey

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"


def say(message: str) -> None:
    """Tell the person what happens, beside the output of the command itself."""
    print(f"dev: {message}", file=sys.stderr, flush=True)


def private_text(path: Path) -> str:
    """Return the text of a file that only its owner can read; made at random where it is absent."""
    try:
        return path.read_text()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            contextlib.suppress(FileExistsError),
            open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out,
        ):
            out.write(secrets.token_urlsafe(50))
        return path.read_text()


class Busy(Exception):
    """Another command holds the lock; `record` is what it said of itself."""

    def __init__(self, record: dict[str, object]):
        super().__init__(record)
        self.record = record


class Lock:
    """A file lock that tells who holds it; the kernel frees it when its process ends, however that is."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.file = open(path, "a+")  # noqa: SIM115

    def take(self, **about: object) -> None:
        """Take the lock and write who holds it; raise Busy when another command does."""
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(self.record()) from None
        self.describe(**about)

    def describe(self, **about: object) -> None:
        self.file.truncate(0)
        self.file.write(json.dumps({"pid": os.getpid(), **about}))
        self.file.flush()

    def record(self) -> dict[str, object]:
        try:
            return dict(json.loads(self.path.read_text()))
        except (OSError, ValueError):
            return {}

    def share(self) -> None:
        fcntl.flock(self.file, fcntl.LOCK_SH)

    def wait(self, message: str) -> None:
        """Take the lock alone, with a message when others must end first."""
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(message)
            fcntl.flock(self.file, fcntl.LOCK_EX)

    def free(self) -> None:
        self.file.close()


DEMO_DAY = "2027-03-05"
"""The year's last filings are due in three days: some are in, some are not, and the payment is next."""


class World:
    """Servers, folder and environment of one kind of work: `run`, `once`, `test` or `bench`."""

    def __init__(self, name: str, *, settings: dict[str, str] | None = None):
        self.name = name
        self.var = VAR if name == "run" else VAR / name
        self.log = self.var / "log"
        self.var.mkdir(parents=True, exist_ok=True)
        self.settings = settings or {}
        self.register = Register(self.var / "children.json")
        self.children: list[Child] = []
        self.servers: list[Postgres | Valkey] = []
        self.database_url = self.redis_url = self.redis_prefix = ""

    def start(self) -> None:
        """Start what the environment does not name, and clear what a killed run left behind."""
        self.register.end_leftovers()
        given_database, given_redis = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
        postgres = valkey = None
        if not given_database:
            postgres = Postgres(self.var, settings=self.settings, keep=self.name == "run")
            self.servers.append(postgres)
            postgres.start()
        if not given_redis:
            valkey = Valkey(self.var)
            self.servers.append(valkey)
            valkey.start()
        self._register()
        for server in self.servers:
            server.wait()
        self.database_url = given_database or (postgres.url(USER) if postgres else "")
        self.redis_url = given_redis or (valkey.url if valkey else "")
        if given_database and self.name != "run":
            self.database_url = beside(given_database, self.name)
            say(f"on the server of DATABASE_URL, database {urlsplit(self.database_url).path.lstrip('/')}")
        if given_redis and self.name != "run":
            self.redis_prefix = f"{self.name}-{secrets.token_hex(4)}:"
            say(f"on the server of REDIS_URL, keys that begin with {self.redis_prefix}")

    def make_database(self, *, again: bool = False) -> None:
        make_database(self.database_url, again=again)

    def environment(self) -> dict[str, str]:
        """Return the environment for programs of this world."""
        return {
            **os.environ,
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            **({"REDIS_PREFIX": self.redis_prefix} if self.redis_prefix else {}),
            "SECRET_KEY": os.environ.get("SECRET_KEY") or private_text(VAR / "secret_key"),
            "CONNECTICARD_VAR": str(self._documents()),
            **({"DEMO_TODAY": self.demo_today} if self.demo_today else {}),
        }

    @property
    def demo_today(self) -> str:
        """Return the day that the demonstration takes for today; empty for the real one."""
        if self.name != "run" or os.environ.get("DATABASE_URL"):
            return os.environ.get("DEMO_TODAY", "")
        return os.environ.get("DEMO_TODAY", DEMO_DAY)

    def _documents(self) -> Path:
        given = os.environ.get("CONNECTICARD_VAR")
        return Path(given).resolve() if given and self.name == "run" else self.var

    def add(self, child: Child) -> Child:
        self.children.append(child)
        self._register()
        return child

    def _register(self) -> None:
        self.register.write([*self.everything()])

    def everything(self) -> list[Child]:
        """Return each program started, servers first."""
        return [*(server.child for server in self.servers if server.child), *self.children]

    def stop(self) -> None:
        """Stop all, those that use the servers first."""
        for child in self.children:
            child.ask_to_stop()
        for child in self.children:
            child.stop()
        for server in self.servers:
            if server.child:
                server.child.ask_to_stop()
        for server in self.servers:
            server.stop()
        self.register.path.unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove the data of a stopped PostgreSQL."""
        for server in self.servers:
            if isinstance(server, Postgres):
                server.discard()


def beside(url: str, name: str) -> str:
    """Return the address of another database on the same server: `connecticard` -> `connecticard_once`."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path}_{name.replace('-', '_')}"))


@contextlib.contextmanager
def own_world(
    name: str, *, settings: dict[str, str] | None = None, slots: int = 1, discard: bool = False
) -> Iterator[World]:
    """Give a world to this command alone; with several slots, commands at the same time get one each.

    `discard`: what its PostgreSQL wrote is large and wanted by nobody afterwards.
    """
    for slot in range(slots):
        numbered = name if slot == 0 else f"{name}-{slot + 1}"
        lock = Lock(VAR / numbered / "owner.lock")
        try:
            lock.take(what=name)
            break
        except Busy as busy:
            holder = busy.record.get("pid", "unknown")
    else:
        raise SystemExit(
            f"dev: this is running already (process {holder}); wait for it to end, or end it: kill {holder}"
        )
    world = World(numbered, settings=settings)
    try:
        world.start()
        yield world
    finally:
        world.stop()
        if discard:
            world.discard()
        lock.free()


@contextlib.contextmanager
def shared_world() -> Iterator[World]:
    """Use the servers of `./dev run`; where none runs, start them, and stop them after the last user."""
    users, owner = Lock(VAR / "users.lock"), Lock(VAR / "owner.lock")
    world, addresses = World("run"), VAR / "servers.json"
    users.share()
    waiting_since = time.monotonic()
    while True:
        try:
            owner.take(what="manage")
        except Busy as busy:
            with contextlib.suppress(OSError, ValueError, KeyError):
                said = json.loads(addresses.read_text())
                if said["pid"] == busy.record.get("pid"):
                    world.database_url, world.redis_url = said["database"], said["redis"]
                    yield world
                    users.free()
                    return
            if time.monotonic() - waiting_since > 90:
                raise SystemExit(
                    f"dev: process {busy.record.get('pid')} still starts the servers; wait for it, or end it"
                ) from None
            time.sleep(0.1)
            continue
        break
    try:
        world.start()
        world.make_database()
        publish(world)
        try:
            yield world
        finally:
            users.wait("waiting for another ./dev manage to end before the servers stop")
    finally:
        addresses.unlink(missing_ok=True)
        world.stop()
        owner.free()
        users.free()


def publish(world: World) -> None:
    """Write where the servers answer, for other commands of this checkout."""
    path = VAR / "servers.json"
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump({"pid": os.getpid(), "database": world.database_url, "redis": world.redis_url}, out)
