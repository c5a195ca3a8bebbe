"""Every benchmark, or those named: `./dev bench [NAME ...]`. Exit 1 when one misses its goal."""

import importlib
import os
import pkgutil
import sys
from pathlib import Path

import django
from django.core.management import call_command

from tests.bench.measure import Measurement


def line(measured: Measurement) -> str:
    verdict = "ok" if measured.passed else "MISSED"
    goal = f"goal {'<=' if measured.at_most else '>='} {measured.goal:g}"
    return f"{verdict:6}  {measured.ratio:7.2f}  ({goal})  {measured.name}: {measured.detail}"


def main(wanted: list[str]) -> int:
    """Run each module of this folder that has a `run`, on an empty database with all tables."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "connecticard.settings")
    django.setup()
    names = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])]
    modules = {name: importlib.import_module(f"tests.bench.{name}") for name in names if name != "__main__"}
    benchmarks = {name: module.run for name, module in modules.items() if hasattr(module, "run")}
    if unknown := sorted(set(wanted) - set(benchmarks)):
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(benchmarks)}", file=sys.stderr)
        return 2
    call_command("migrate", "--no-input", "--verbosity", "0")
    missed = 0
    for name in wanted or benchmarks:
        for measured in benchmarks[name]():
            print(line(measured), flush=True)
            missed += not measured.passed
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
