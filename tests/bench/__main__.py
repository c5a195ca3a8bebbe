"""Every benchmark, or those named: `./dev bench [NAME ...]`. Exit 1 when one misses its goal.

Each module of this folder that has `run` meets a database of its own with all tables, made on the server of
DATABASE_URL and removed afterwards: none finds what another left, and no other database is touched.
"""

import importlib
import logging
import os
import pkgutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

import tests.bench
from tests.bench.measure import Measurement

RUN_ONE = "--alone"
TEMPLATE = "connecticard_bench"
COPY = "_copy"
"""A benchmark may copy its database under its name with this ending; the copy is removed with it."""
ROOT = Path(__file__).resolve().parents[2]


def line(measured: Measurement) -> str:
    """Return a measurement as a line for people: verdict, ratio, goal, what was done and how long it took."""
    verdict = "ok" if measured.passed else "MISSED"
    goal = f"goal {'<=' if measured.at_most else '>='} {measured.goal:g}"
    return f"{verdict:6}  {measured.ratio:7.2f}  ({goal})  {measured.name}: {measured.detail}"


def main(arguments: list[str]) -> int:
    if arguments[:1] == [RUN_ONE]:
        return _run_alone(arguments[1])
    modules = sorted(
        module.name
        for module in pkgutil.iter_modules(tests.bench.__path__)
        if module.name not in {"__main__", "measure", "synthetic"}
    )
    if unknown := sorted(set(arguments) - set(modules)):
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(modules)}", file=sys.stderr)
        return 2
    # Ended from outside, a run still removes what it made.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # Two runs on one server at a time have databases of their own.
    template = f"{TEMPLATE}_{os.getpid()}"
    make_database(template)
    try:
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
            cwd=ROOT,
            env=_environment(template),
            check=True,
        )
        missed = [module for module in arguments or modules if _run(module, template)]
    finally:
        drop_database(template)
    return 1 if missed else 0


def _run(module: str, template: str) -> int:
    """Run one benchmark as a process of its own, so that none inherits another's memory."""
    database = f"{template}_{module}"
    make_database(database, template)
    try:
        return subprocess.run(
            [sys.executable, "-m", "tests.bench", RUN_ONE, module],
            cwd=ROOT,
            env=_environment(database),
            check=False,
        ).returncode
    finally:
        drop_database(database)
        drop_database(database + COPY)


def _run_alone(module: str) -> int:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "connecticard.settings")
    django.setup()
    missed = 0
    logging.getLogger("connecticard").setLevel(logging.WARNING)  # a line for each request is no result
    for measured in importlib.import_module(f"tests.bench.{module}").run():
        print(line(measured), flush=True)
        missed += not measured.passed
    return 1 if missed else 0


def _environment(database: str) -> dict[str, str]:
    parts = urlsplit(os.environ["DATABASE_URL"])
    return os.environ | {"DATABASE_URL": urlunsplit(parts._replace(path=f"/{database}"))}


def make_database(database: str, template: str = "template0") -> None:
    """Make a database on the server, empty or as a copy of another."""
    _administer("CREATE DATABASE {} TEMPLATE {}", database, template)


def drop_database(database: str) -> None:
    _administer("DROP DATABASE IF EXISTS {} WITH (FORCE)", database)


def _administer(statement: str, *names: str) -> None:
    with psycopg.connect(_environment("postgres")["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
