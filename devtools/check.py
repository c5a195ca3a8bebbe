"""Everything that is checked without a server: code, settings, migrations, templates, containers, locks."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from devtools import lock

ROOT = Path(__file__).resolve().parent.parent
OWN_FOLDERS = (
    "connecticard",
    "libraries",
    "transactions",
    "payments",
    "reports",
    "devtools",
    "templates",
    "static",
    "tests",
)
UNFINISHED = re.compile(
    r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, "Not" + "Implemented")) + r")\b"
)

# What production must be given; the checks below read settings, they connect to nothing
PRODUCTION = {
    "CONNECTICARD_PRODUCTION": "1",
    "SECRET_KEY": "0123456789" * 6 + "abcdefghijklmnop",
    "ALLOWED_HOSTS": "borrowit.example.org",
    "SITE_URL": "https://borrowit.example.org",
    "EMAIL_HOST": "mail.example.org",
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}


def tool(*line: str, **more: str) -> Callable[[], str]:
    """Return a check that runs a program of this environment; its output is the reason when it fails."""

    def run() -> str:
        path = Path(sys.executable).parent / line[0]
        command = [sys.executable, *line[1:]] if line[0] == "python" else [str(path), *line[1:]]
        environment = {name: value for name, value in os.environ.items() if name != "DEMO_TODAY"}
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**environment, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return (done.stdout.strip() or f"exit {done.returncode}") if done.returncode else ""

    return run


def compose_file() -> str:
    from compose_spec import PyCompose

    try:
        PyCompose.from_yaml((ROOT / "docker-compose.yml").read_text())
    except Exception as error:
        return f"docker-compose.yml: {error}"
    return ""


def lock_files() -> str:
    return "" if lock.is_current() else "pyproject.toml changed after requirements/ was made; run ./dev lock"


def unfinished_marks() -> str:
    found = []
    for folder in OWN_FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".html", ".js", ".css") and "vendor" not in path.parts:
                lines = path.read_text(encoding="utf-8").splitlines()
                found += [
                    f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
                    for number, line in enumerate(lines, 1)
                    if UNFINISHED.search(line)
                ]
    return "\n".join(found)


def dockerfile() -> str:
    if not (Path(sys.executable).parent / "hadolint").exists() and not shutil.which("hadolint"):
        return "hadolint is not installed; remove .venv and run this again"
    return tool("hadolint", "Dockerfile")()


CHECKS: dict[str, Callable[[], str]] = {
    "types": tool("python", "-m", "mypy", ".", **PRODUCTION),
    "lint": tool("ruff", "check", "--quiet", "--output-format", "concise", "."),
    "format": tool("ruff", "format", "--check", "--quiet", "."),
    "templates": tool("djlint", "--lint", "--quiet", "templates"),
    "production settings": tool(
        "python", "manage.py", "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION
    ),
    "migrations": tool(
        "python",
        "-W",
        "ignore::RuntimeWarning",
        "manage.py",
        "makemigrations",
        "--check",
        "--dry-run",
        **PRODUCTION,
    ),
    "Spanish": tool("python", "manage.py", "spanish", **PRODUCTION),
    "compose file": compose_file,
    "Dockerfile": dockerfile,
    "lock files": lock_files,
    "unfinished marks": unfinished_marks,
}


def _timed(check: Callable[[], str]) -> tuple[str, float]:
    began = time.monotonic()
    return check(), time.monotonic() - began


def main() -> int:
    """Run every check, print one line for each and the reasons of those that failed; 1 when one did."""
    failed = 0
    with ThreadPoolExecutor(max_workers=2) as pool:
        waiting = {name: pool.submit(_timed, check) for name, check in CHECKS.items()}
        for name, result in waiting.items():
            reason, seconds = result.result()
            print(f"{'FAIL' if reason else 'ok':4}  {name} ({seconds:.1f} s)", flush=True)
            if reason:
                failed += 1
                print("\n".join(f"      {line}" for line in reason.splitlines()), flush=True)
    print(f"{failed} of {len(CHECKS)} checks failed" if failed else f"all {len(CHECKS)} checks are ok")
    return 1 if failed else 0
