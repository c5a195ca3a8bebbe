"""The first half of `./dev`: what a command needs, and the one line that says what is missing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands

from devtools import bootstrap
from devtools.commands import CODE_COMMAND

ROOT = Path(__file__).resolve().parents[2]
COMMANDS_IMPORT = {
    (node.module or "") if isinstance(node, ast.ImportFrom) else name.name
    for path in ("commands", "lock", "postgres", "processes", "servers", "valkey")
    for node in ast.parse((ROOT / "devtools" / f"{path}.py").read_text()).body
    if isinstance(node, ast.Import | ast.ImportFrom)
    for name in node.names
}


def dev(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {"PATH": "/usr/bin:/bin", "PYTHON": sys.executable}
    return subprocess.run(
        [ROOT / "dev", *arguments], env=inherited | environment, capture_output=True, text=True, cwd="/"
    )


def test_no_command_prints_the_usage():
    said = dev()

    assert said.returncode == 0
    assert all(command in said.stdout for command in bootstrap.COMMANDS)


def test_unknown_command_names_those_that_exist():
    said = dev("serve")

    assert said.returncode == 2
    assert "no command serve" in said.stderr
    assert said.stderr.count("\n") == 1


def test_old_python_is_refused_in_one_line(tmp_path):
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)

    said = dev("run", PATH=f"{tmp_path}:/usr/bin:/bin", PYTHON="")

    assert said.returncode == 2
    assert "Python 3.11 or newer" in said.stderr


@pytest.fixture
def typed(monkeypatch):
    """What is typed on a Debian machine that lacks two packages, instead of being run."""
    monkeypatch.setattr(bootstrap, "missing_packages", lambda: ["python3-venv", "libpango-1.0-0"])
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: name if name == "apt-get" else None)
    lines = []

    def typing(line, **_):
        lines.append(line)
        return subprocess.CompletedProcess(line, 0, "", "")

    monkeypatch.setattr(bootstrap.subprocess, "run", typing)
    monkeypatch.setattr(bootstrap.os, "execve", lambda *_: lines.append("begin again"))
    return lines


def test_missing_packages_are_named_in_one_line_for_an_ordinary_user(typed, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)

    with pytest.raises(SystemExit) as stopped:
        bootstrap.install_packages()

    assert stopped.value.code == 2
    assert capsys.readouterr().err.endswith(
        "apt-get update && apt-get install -y --no-install-recommends python3-venv libpango-1.0-0\n"
    )
    assert typed == []


def test_missing_packages_are_installed_for_root_and_all_begins_again(typed, monkeypatch):
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 0)

    bootstrap.install_packages()

    assert [line[1] for line in typed[:2]] == ["update", "install"]
    assert typed[2:] == ["begin again"]


def test_packages_still_missing_after_installing_are_said_not_tried_for_ever(typed, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 0)
    monkeypatch.setenv("CONNECTICARD_PACKAGES_INSTALLED", "1")

    with pytest.raises(SystemExit):
        bootstrap.install_packages()

    assert "still not found" in capsys.readouterr().err


def test_servers_are_left_out_when_both_are_given(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/x")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere")
    assert bootstrap.wanted_sets("run", []) == ["production", "tools"]

    monkeypatch.delenv("REDIS_URL")
    assert bootstrap.wanted_sets("run", []) == ["production", "tools", "servers"]


def test_programs_of_every_command_are_in_sets_that_it_always_has():
    """Servers given from outside leave out the packages of servers, never what the commands import."""
    needed = {name.split(".")[0] for name in COMMANDS_IMPORT} - set(sys.stdlib_module_names) - {"devtools"}
    kept = "".join((ROOT / "requirements" / f"{name}.txt").read_text() for name in ("production", "tools"))

    assert needed
    assert [name for name in sorted(needed) if f"\n{name}==" not in kept] == []


def test_code_names_a_management_command():
    assert CODE_COMMAND in get_commands()


def test_python_in_a_path_with_spaces(tmp_path):
    python = tmp_path / "a folder" / "python3"
    python.parent.mkdir()
    python.symlink_to(sys.executable)

    said = dev("help", PYTHON=str(python), PATH=str(tmp_path) + ":/usr/bin:/bin")

    assert said.returncode == 0, said.stderr


def test_browser_set_is_for_tests_where_chromium_is_found(monkeypatch):
    monkeypatch.setattr(bootstrap, "chromium", lambda: "/usr/bin/chromium")
    assert "browser" in bootstrap.wanted_sets("test", [])
    assert "browser" not in bootstrap.wanted_sets("test", ["--api"])
    assert "browser" not in bootstrap.wanted_sets("run", [])

    monkeypatch.setattr(bootstrap, "chromium", lambda: None)
    assert "browser" not in bootstrap.wanted_sets("test", [])


def test_environment_is_made_again_in_another_place(monkeypatch, tmp_path):
    before = bootstrap.environment_key()

    monkeypatch.setattr(bootstrap, "VENV", tmp_path / "a checkout" / ".venv")

    assert bootstrap.environment_key() != before
