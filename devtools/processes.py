"""Child processes that end with their parent, and the clearing of those that outlived it."""

import contextlib
import ctypes
import json
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

_PR_SET_PDEATHSIG = 1
PATIENCE_SECONDS = 8


def bound_to_parent(signal_number: int) -> Callable[[], None] | None:
    """Return what a child runs before exec, so that Linux signals it when this process dies, even by SIGKILL.

    The kernel forgets the request when the child changes its user; Popen changes it before it calls this.
    """
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def bind() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
        if os.getppid() != parent:  # it died before the request
            os._exit(1)

    return bind


class Child:
    """One long-running program in a process group of its own, so that Ctrl-C reaches only this supervisor."""

    def __init__(
        self,
        name: str,
        line: Sequence[str],
        *,
        log: Path,
        environment: dict[str, str] | None = None,
        stop_signal: int = signal.SIGTERM,
        run_as: str | None = None,
        cwd: Path | str = "/",
        given: bytes | None = None,
    ):
        self.name, self.log, self.stop_signal = name, log, stop_signal
        drop = {"user": run_as, "group": _group(run_as), "extra_groups": []} if run_as else {}
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "ab") as out:
            self.log_start = out.tell()
            self.process = subprocess.Popen(
                list(line),
                cwd=cwd,
                env=environment,
                stdin=subprocess.PIPE if given is not None else subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=bound_to_parent(stop_signal),
                **drop,
            )
        if given is not None and self.process.stdin:
            with contextlib.suppress(BrokenPipeError), self.process.stdin:
                self.process.stdin.write(given)

    def running(self) -> bool:
        return self.process.poll() is None

    def last_words(self) -> str:
        """Return the last lines that the program wrote since it was started."""
        with open(self.log, "rb") as written:
            written.seek(self.log_start)
            return "\n".join(written.read().decode(errors="replace").splitlines()[-15:])

    def ask_to_stop(self) -> None:
        if self.running():
            self.process.send_signal(self.stop_signal)

    def stop(self) -> None:
        """Stop the program; after a while with force, and with it every process of its group."""
        self.ask_to_stop()
        try:
            self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def _group(user: str) -> int:
    return pwd.getpwnam(user).pw_gid


def run_in_front(
    line: Sequence[str], *, environment: dict[str, str], cwd: Path | str, watch: Sequence[Child] = ()
) -> int:
    """Run a command with this terminal and return its exit code; stop it when a watched program ends.

    Ctrl-C reaches the command through the terminal; it decides when it ends, and this waits for it.
    """
    process = subprocess.Popen(
        list(line), env=environment, cwd=cwd, preexec_fn=bound_to_parent(signal.SIGTERM)
    )
    try:
        while True:
            try:
                process.wait(0.2 if watch else None)
                break
            except subprocess.TimeoutExpired:
                for child in watch:
                    if not child.running():
                        sys.stderr.write(f"{child.last_words()}\n")
                        raise SystemExit(
                            f"dev: {child.name} stopped; its log is {shown(child.log)}"
                        ) from None
            except KeyboardInterrupt:
                continue
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    code = process.returncode
    return 128 - code if code < 0 else code


def end_leftover(
    pid: int, is_ours: Callable[[psutil.Process], bool], *, stop_signal: int = signal.SIGTERM
) -> None:
    """End a process that a killed run left behind, and its children; `is_ours` knows it from a stranger."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or not is_ours(process):
            return
        family = [process, *process.children(recursive=True)]
        process.send_signal(stop_signal)
        _, stubborn = psutil.wait_procs(family, timeout=PATIENCE_SECONDS)
        for member in stubborn:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return


class Register:
    """A file of the programs that a command started, so that the next one can end those that outlived it."""

    def __init__(self, path: Path):
        self.path = path

    def write(self, children: Sequence[Child]) -> None:
        started = [psutil.Process(child.process.pid) for child in children if child.running()]
        rows = [[process.pid, process.create_time()] for process in started]
        self.path.write_text(json.dumps(rows))

    def end_leftovers(self) -> None:
        try:
            rows = json.loads(self.path.read_text())
        except (OSError, ValueError):
            return
        for pid, created in rows:
            end_leftover(pid, lambda process, created=created: abs(process.create_time() - created) < 1)
        self.path.unlink()


def wait_until(done: Callable[[], bool], children: Sequence[Child], seconds: float, what: str) -> None:
    """Wait for a condition; fail with the last words of a child that ends before it."""
    end = time.monotonic() + seconds
    while not done():
        for child in children:
            if not child.running():
                sys.stderr.write(f"{child.last_words()}\n")
                raise SystemExit(f"dev: {child.name} did not start, see above; its log is {shown(child.log)}")
        if time.monotonic() > end:
            logs = ", ".join(shown(child.log) for child in children)
            raise SystemExit(f"dev: {what} did not answer in {seconds:.0f} seconds; see {logs}")
        time.sleep(0.05)


def shown(path: Path) -> str:
    """Return a path as a person standing in the checkout would type it."""
    root = Path(__file__).resolve().parent.parent
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
