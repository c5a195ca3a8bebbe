"""The commands that need servers: run, test, bench, manage, code."""

import contextlib
import hashlib
import os
import shutil
import socket
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime
from pathlib import Path

import psutil
import psycopg

from devtools import bootstrap
from devtools.postgres import FAST
from devtools.processes import Child, run_in_front, shown, wait_until
from devtools.servers import ROOT, VAR, Busy, Lock, World, own_world, publish, say, shared_world

MANAGE = str(ROOT / "manage.py")
PREPARE = str(ROOT / "devtools" / "prepare.py")
CODE_COMMAND = "second_factor_code"
APPS = ("connecticard", "libraries", "transactions", "payments", "reports")


# --- run


def run(arguments: list[str]) -> int:
    """Run the whole program until Ctrl-C."""
    if arguments == ["--once"]:
        return run_once()
    if arguments:
        return _wrong_use("./dev run [--once]")
    port = _port()
    address = f"http://127.0.0.1:{port}/"
    owner = Lock(VAR / "owner.lock")
    try:
        owner.take(what="run", address=address)
    except Busy as busy:
        if busy.record.get("what") == "run":
            holder, where = busy.record.get("pid"), busy.record.get("address")
            say(f"it is running already: process {holder}, {where} (stop it with: kill {holder})")
            return 1
        owner.wait(f"waiting for ./dev manage (process {busy.record.get('pid')}) to end")
        owner.describe(what="run", address=address)
    _refuse_taken_port(port)
    world = World("run")
    try:
        world.start()
        world.make_database()
        publish(world)
        _prepare(world)
        worker = world.add(_worker(world, beat=True))
        web = world.add(_web(world, port))
        wait_until(lambda: _answers(address), [web, worker], 60, "the web server")
        _announce(address, world)
        while True:
            for child in world.everything():
                if not child.running():
                    sys.stderr.write(f"{child.last_words()}\n")
                    say(f"{child.name} stopped, see above; its log is {shown(child.log)}")
                    return 1
            time.sleep(0.3)
    except KeyboardInterrupt:
        return 0
    finally:
        say("stopping")
        (VAR / "servers.json").unlink(missing_ok=True)
        world.stop()
        owner.free()


def _port() -> int:
    given = os.environ.get("PORT") or "8000"
    if not (given.isdecimal() and 0 < int(given) < 65536):
        raise SystemExit(f"dev: PORT is {given!r}; give a number from 1 to 65535, as in PORT=8001 ./dev run")
    return int(given)


def _refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            other = port + 1 if port < 65535 else 8001
            raise SystemExit(
                f"dev: port {port} cannot be used ({error.strerror}); choose another: PORT={other} ./dev run"
            ) from None


def _answers(address: str) -> bool:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=10):
            return True
    except urllib.error.HTTPError as error:
        if error.code >= 500:
            raise SystemExit(f"dev: {address} answers with error {error.code}; see var/log/web.log") from None
        return True
    except OSError:
        return False


def _prepare(world: World) -> None:
    """Bring the database to this version of the program, unless it is known to be there."""
    print_file = world.var / "prepared"
    wanted = _preparation_hash(world)
    with contextlib.suppress(OSError):
        if print_file.read_text() == wanted and _has_demo(world):
            return
    print_file.unlink(missing_ok=True)
    say("preparing the database: tables, roster, demo data")
    commands = ["migrate", "load_roster", "load_history", "load_holidays", "load_help", "load_demo"]
    line = [sys.executable, PREPARE, *commands]
    if code := run_in_front(line, environment=world.environment(), cwd=ROOT):
        raise SystemExit(f"dev: the database could not be prepared (exit {code}), see above")
    print_file.write_text(wanted)


def _preparation_hash(world: World) -> str:
    """Return a hash of all that decides what is in a prepared database: code, shipped data, the day."""
    digest = hashlib.sha256()
    for name in APPS:
        for path in sorted((ROOT / name).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(
                    f"{path.relative_to(ROOT)}\n{path.stat().st_size}\n".encode() + path.read_bytes()
                )
    given = [os.environ.get("DATABASE_URL", ""), world.demo_today]
    with psycopg.connect(world.database_url) as connection:
        row = connection.execute("SELECT system_identifier FROM pg_control_system()").fetchone()
    digest.update(repr([row, given, f"{datetime.now().astimezone():%Y-%m-%d}"]).encode())
    return digest.hexdigest()


def _has_demo(world: World) -> bool:
    """Tell whether the prepared tables still hold their rows; somebody may have emptied them meanwhile."""
    with psycopg.connect(world.database_url) as connection:
        try:
            found = connection.execute(
                "SELECT EXISTS (SELECT FROM libraries_library) AND EXISTS (SELECT FROM connecticard_user)"
            ).fetchone()
        except psycopg.Error:
            return False
    return bool(found and found[0])


def _web(world: World, port: int) -> Child:
    line = [sys.executable, "-m", "gunicorn", "connecticard.wsgi", "--bind", f"127.0.0.1:{port}"]
    line += ["--workers", "2", "--threads", "4", "--graceful-timeout", "3"]
    line += ["--worker-tmp-dir", "/dev/shm"] if os.access("/dev/shm", os.W_OK) else []
    return Child("the web server", line, log=world.log / "web.log", environment=world.environment(), cwd=ROOT)


def _worker(world: World, *, beat: bool = False) -> Child:
    line = [sys.executable, "-W", "ignore:You're running the worker with superuser:RuntimeWarning"]
    line += [
        "-m",
        "celery",
        "--app",
        "connecticard.celery",
        "worker",
        "--loglevel",
        "INFO",
        "--concurrency",
        "2",
    ]
    line += ["--beat", "--schedule", str(world.var / "beat-schedule")] if beat else []
    return Child("the worker", line, log=world.log / "worker.log", environment=world.environment(), cwd=ROOT)


def _announce(address: str, world: World) -> None:
    sign_ins = VAR / "sign-ins.txt"
    print(f"\n  {address}\n")
    if sign_ins.exists():
        print(sign_ins.read_text())
    print(f"  logs: {shown(world.log)}; mail: var/mail; stop with Ctrl-C", flush=True)


def run_once() -> int:
    """Do the program's main job on FY2018, on a database made again, and end with its exit code."""
    with own_world("once", settings=FAST) as world:
        worker = world.add(_worker(world))
        world.make_database(again=True)
        for made_before in ("FY2018", "documents"):
            shutil.rmtree(world.var / made_before, ignore_errors=True)
        line = [
            sys.executable,
            PREPARE,
            "migrate",
            "load_roster",
            "load_history",
            "replay_fy2018 --output var/once/FY2018",
        ]
        return run_in_front(line, environment=world.environment(), cwd=ROOT, watch=[worker])


# --- test


def test(arguments: list[str]) -> int:
    """Run pytest on servers of its own."""
    api = "--api" in arguments
    arguments = [argument for argument in arguments if argument != "--api"]
    environment: dict[str, str] = {}
    line = [sys.executable, "-m", "pytest"]
    if api:
        line += ["-m", "api", "--ignore", "tests/browser"]  # whose packages --api does not install
    else:
        line += _browser_arguments(arguments, environment)
    if not _chooses(arguments):
        line += ["-n", str(_workers()), "--dist", "worksteal"]
    with own_world("test", settings=FAST, slots=8) as world:
        world.make_database()
        return run_in_front(line + arguments, environment={**world.environment(), **environment}, cwd=ROOT)


def _workers() -> int:
    """Return how many tests run at once: one more than there are cores, for one often waits for a browser."""
    return min((os.cpu_count() or 1) + 1, 8)


def _browser_arguments(arguments: list[str], environment: dict[str, str]) -> list[str]:
    """Return what pytest needs to run the browser tests, or to leave them out and say so."""
    found = bootstrap.chromium()
    if found:
        environment["CHROMIUM"] = found
        return []
    how = "install it (Debian: apt-get install chromium-headless-shell) or name it in CHROMIUM"
    if os.environ.get("CI", "").lower() in ("1", "true"):
        raise SystemExit(f"dev: the browser tests need Chromium; {how}")
    say(f"*** BROWSER TESTS ARE LEFT OUT: no Chromium found; {how} ***")
    return ["--ignore", "tests/browser", "-m", "not api and not browser"]


def _chooses(arguments: list[str]) -> bool:
    """Tell whether the person named tests, a number of processes, or a debugger."""
    alone = ("-n", "-p", "--pdb", "--collect-only", "--co", "--numprocesses", "-k")
    named = any(
        Path(argument.split("::")[0]).exists() for argument in arguments if not argument.startswith("-")
    )
    return named or any(argument.startswith(alone) for argument in arguments)


# --- bench


def bench(arguments: list[str]) -> int:
    """Run the benchmarks on a server set up as a real one is: it waits for the disk."""
    memory = psutil.virtual_memory().total // 2**20
    settings = {
        "shared_buffers": f"{min(memory // 4, 4096)}MB",
        "work_mem": "128MB",
        "effective_cache_size": f"{memory // 2}MB",
        "max_wal_size": "4GB",
    }
    with own_world("bench", settings=settings, discard=True) as world:
        world.make_database(again=True)
        line = [sys.executable, "-m", "tests.bench", *arguments]
        return run_in_front(line, environment=world.environment(), cwd=ROOT)


# --- manage, code


def manage(arguments: list[str]) -> int:
    """Run a management command; its output and exit code are the command's alone."""
    with shared_world() as world:
        return run_in_front(
            [sys.executable, MANAGE, *arguments], environment=world.environment(), cwd=Path.cwd()
        )


def code(arguments: list[str]) -> int:
    """Print the current sign-in code of a demo person."""
    if len(arguments) != 1:
        return _wrong_use("./dev code EMAIL")
    return manage([CODE_COMMAND, *arguments])


def _wrong_use(usage: str) -> int:
    say(f"usage: {usage}")
    return 2


COMMANDS = {"run": run, "test": test, "bench": bench, "manage": manage, "code": code}
