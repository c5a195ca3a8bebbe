"""The lock files: five disjoint sets of one resolution, with hashes, without addresses."""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETS = {
    "production": [],
    "tools": ["tools"],
    "servers": ["tools", "servers"],
    "test": ["tools", "servers", "test"],
    "browser": ["tools", "servers", "test", "browser"],
}
_FIRST_LINE = re.compile(r"^[A-Za-z0-9]")


def declaration_hash() -> str:
    """Return the SHA-256 of what pyproject.toml says about dependencies; comments do not count."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = sorted(project["optional-dependencies"].items())
    facts = [
        project["requires-python"],
        sorted(project["dependencies"]),
        [(name, sorted(of)) for name, of in extras],
    ]
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def is_current() -> bool:
    """Tell whether each lock file was made from pyproject.toml as it is now."""
    mark = f"# pyproject {declaration_hash()}"
    return all(mark in (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()[:3] for name in SETS)


def pins(text: str) -> dict[str, list[str]]:
    """Return the lines of each pin, keyed by its first line."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if _FIRST_LINE.match(line):
            lines = found.setdefault(line, [])
        if line and not line.startswith("#"):
            lines.append(line)
    return found


def compile_pins(uv: str, extras: list[str], within: Path | None) -> dict[str, list[str]]:
    """Resolve the dependencies with these extras; `within` holds the versions of the one resolution."""
    with tempfile.NamedTemporaryFile(suffix=".txt") as out:
        line = [
            uv,
            "pip",
            "compile",
            "--quiet",
            "--universal",
            "--generate-hashes",
            "--python-version",
            "3.11",
            "--only-binary",
            ":all:",
            "--no-header",
            "--no-annotate",
            "--output-file",
            out.name,
            *(argument for extra in extras for argument in ("--extra", extra)),
            *(("--constraint", str(within)) if within else ()),
            "pyproject.toml",
        ]
        if subprocess.run(line, cwd=ROOT, stdout=subprocess.DEVNULL).returncode:
            sys.exit("dev: uv could not resolve pyproject.toml, see above")
        return pins(Path(out.name).read_text())


def main() -> int:
    """Write requirements/*.txt anew: the newest versions that pyproject.toml allows."""
    uv = shutil.which("uv")
    if not uv:
        sys.exit("dev: needs uv to renew the lock files; install it (pip install uv), then run this again")
    everything = compile_pins(uv, SETS["browser"], None)
    earlier: set[str] = set()
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as versions:
        versions.write("".join(line.rstrip("\\").rstrip() + "\n" for line in everything))
        versions.flush()
        for name, extras in SETS.items():
            chosen = compile_pins(uv, extras, Path(versions.name))
            own = [line for first, lines in chosen.items() if first not in earlier for line in lines]
            earlier |= chosen.keys()
            head = f"# Made by `./dev lock`; do not edit.\n# pyproject {declaration_hash()}\n"
            (ROOT / "requirements" / f"{name}.txt").write_text(head + "\n".join(own) + "\n")
            print(f"requirements/{name}.txt: {sum('==' in line for line in own)} packages")
    return 0
