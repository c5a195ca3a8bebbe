"""Locks, addresses and leftovers of the servers that `./dev` starts."""

import subprocess
import sys

import psutil
import pytest

from devtools import commands, postgres, servers
from devtools.processes import Child, Register, run_in_front


def test_second_taker_learns_who_holds_the_lock(tmp_path):
    lock = servers.Lock(tmp_path / "owner.lock")
    lock.take(what="run", address="http://127.0.0.1:8000/")

    second = servers.Lock(tmp_path / "owner.lock")
    with pytest.raises(servers.Busy) as busy:
        second.take(what="run")
    lock.free()
    second.take(what="manage")

    assert busy.value.record["address"] == "http://127.0.0.1:8000/"
    assert second.record()["what"] == "manage"
    second.free()


def test_database_beside_another_keeps_the_rest_of_the_address():
    url = "postgresql://me:pw%20d@db.example:5433/borrowit?sslmode=require"

    assert (
        servers.beside(url, "test-2")
        == "postgresql://me:pw%20d@db.example:5433/borrowit_test_2?sslmode=require"
    )


def test_secret_is_made_once_and_only_its_owner_reads_it(tmp_path):
    first = servers.private_text(tmp_path / "secret_key")

    assert servers.private_text(tmp_path / "secret_key") == first
    assert len(first) >= 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_child_ends_when_it_is_told_and_tells_its_last_words(tmp_path):
    child = Child("a talker", [sys.executable, "-c", "print('hello'); print('bye')"], log=tmp_path / "log")
    child.process.wait()

    assert child.last_words() == "hello\nbye"
    child.stop()


def test_leftovers_are_ended_but_not_a_stranger_with_the_same_number(tmp_path):
    register = Register(tmp_path / "children.json")
    sleeper = subprocess.Popen(["sleep", "60"])
    created = psutil.Process(sleeper.pid).create_time()

    register.path.write_text(f"[[{sleeper.pid}, {created - 100}]]")
    register.end_leftovers()
    assert sleeper.poll() is None

    register.path.write_text(f"[[{sleeper.pid}, {created}]]")
    register.end_leftovers()
    assert not psutil.pid_exists(sleeper.pid)
    sleeper.wait()


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux tells a child of its parent's death"
)
def test_children_end_with_a_supervisor_that_is_killed(tmp_path):
    program = (
        "import sys, time; from pathlib import Path; from devtools.processes import Child\n"
        f"child = Child('a sleeper', ['sleep', '60'], log=Path({str(tmp_path / 'log')!r}))\n"
        "print(child.process.pid, flush=True); time.sleep(60)"
    )
    supervisor = subprocess.Popen(
        [sys.executable, "-c", program], cwd=servers.ROOT, stdout=subprocess.PIPE, text=True
    )
    assert supervisor.stdout
    sleeper = psutil.Process(int(supervisor.stdout.readline()))

    supervisor.kill()
    supervisor.wait()

    gone, _ = psutil.wait_procs([sleeper], timeout=5)
    assert gone or sleeper.status() == psutil.STATUS_ZOMBIE
    supervisor.stdout.close()


@pytest.mark.parametrize(
    ("program", "code"), [("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", 137)]
)
def test_command_in_front_returns_its_own_exit_code(program, code, tmp_path):
    assert run_in_front([sys.executable, "-c", program], environment={}, cwd=tmp_path) == code


def test_taken_port_is_refused_with_another_to_choose():
    with postgres.socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(SystemExit, match=rf"port {port} cannot be used .*PORT=\d+ ./dev run"):
            commands._refuse_taken_port(port)


@pytest.mark.parametrize("given", ["web", "0", "70000", "-1"])
def test_port_that_is_no_port_is_refused(given, monkeypatch):
    monkeypatch.setenv("PORT", given)

    with pytest.raises(SystemExit, match="PORT=8001"):
        commands._port()


def test_continuous_integration_demands_chromium(monkeypatch, capsys):
    monkeypatch.setattr(commands.bootstrap, "chromium", lambda: None)
    monkeypatch.delenv("CI", raising=False)
    assert "not browser" in " ".join(commands._browser_arguments([], {}))
    assert "BROWSER TESTS ARE LEFT OUT" in capsys.readouterr().err

    monkeypatch.setenv("CI", "true")
    with pytest.raises(SystemExit, match="install it"):
        commands._browser_arguments([], {})
