"""`fsmond exec`: a command after each batch of changes."""

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("the commands are a shell's", allow_module_level=True)
assert sys.platform != "win32"  # for the type checker

import argparse
import contextlib
import errno
import os
import pty
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.running import FSMOND, LONG, fsmond, status, until

from fsmond.client import Client
from fsmond.execute.loop import execute

SAY = 'echo run >>"$OUT"; tr "\\0" "\\n" <"$FSMOND_CHANGES" >>"$OUT"'


class Running:
    """`fsmond exec` with a shell's command, which writes to a file."""

    def __init__(self, root: Path, out: Path, command: str, *options: str) -> None:
        self.out = out
        self.root = root
        self.process = subprocess.Popen(
            [*FSMOND, "exec", str(root), *options, "--", "sh", "-c", command],
            env={**os.environ, "OUT": str(out)},
            cwd=root,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def until_waiting(self) -> None:
        """Wait until it waits for changes."""
        until(lambda: status(self.root)["waiting"] == 1)

    @property
    def said(self) -> list[str]:
        """The lines that the command wrote."""
        return self.out.read_text().splitlines() if self.out.exists() else []


def runs(command: str, *, whole: bool = False) -> bool:
    """Return whether any process has this in its command line, or as all of it."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended
            lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip())
    return command in lines if whole else any(command in line for line in lines)


@contextmanager
def running(root: Path, command: str, *options: str) -> Iterator[Running]:
    """Run it, and end it with the test."""
    started = Running(root, root.parent / "out", command, *options)
    try:
        started.until_waiting()
        yield started
    finally:
        started.process.terminate()  # so that it removes its file
        try:
            started.process.communicate(timeout=LONG)
        except subprocess.TimeoutExpired:
            started.process.kill()
            started.process.communicate(timeout=LONG)


def test_the_command_runs_after_each_batch(watched: Path) -> None:
    """With the changed paths in a file, each with a NUL."""
    with running(watched, SAY) as it:
        (watched / "a b").touch()
        until(lambda: it.said == ["run", "a b"])
        it.until_waiting()
        (watched / "a b").unlink()
        (watched / "new").touch()
        until(lambda: len(it.said) == 5)

    assert it.said[2] == "run"
    assert set(it.said[3:]) == {"a b", "new"}


def test_it_may_run_before_anything_changes(watched: Path) -> None:
    """As a test runner does; the file is empty then."""
    with running(watched, SAY, "--initial") as it:
        until(lambda: it.said == ["run"])
        (watched / "new").touch()
        until(lambda: it.said == ["run", "run", "new"])


def test_what_changes_meanwhile_is_the_next_batch(watched: Path) -> None:
    """One batch, whatever it is, and nothing is lost."""
    with running(watched, f'{SAY}; until [ -e "$OUT.go" ]; do sleep 0.05; done') as it:
        (watched / "first").touch()
        until(lambda: "first" in it.said)
        for name in ("second", "third"):
            (watched / name).touch()
            time.sleep(0.1)  # so that they would be two batches
        it.out.with_name(f"{it.out.name}.go").touch()
        until(lambda: it.said.count("run") == 2 and "third" in it.said)

    assert set(it.said[2:]) == {"run", "second", "third"}


def test_what_the_command_writes_need_not_run_it_again(watched: Path) -> None:
    """Where filters say so."""
    (watched / ".gitignore").write_text("*.log\n")
    with running(watched, f"{SAY}; date >x.log; date >y.o", "--gitignore", "--exclude=*.o") as it:
        (watched / "new").touch()
        until((watched / "y.o").exists)
        it.until_waiting()
        (watched / "next").touch()
        until(lambda: "next" in it.said)

    assert it.said == ["run", "new", "run", "next"]


def test_restart_ends_the_command_and_all_that_it_started(watched: Path) -> None:
    """Also what runs in its background, and does not want to end."""
    stubborn = 'sh -c "trap : TERM; sleep 97 & wait; sleep 97"'
    command = f'echo run >>"$OUT"; {stubborn} & exec sleep 93'
    with running(watched, command, "--restart") as it:
        (watched / "first").touch()
        until(lambda: it.said == ["run"])
        (watched / "second").touch()
        until(lambda: it.said == ["run", "run"])
        until(lambda: runs("sleep 93", whole=True))  # a shell may miss a signal while it forks
        it.process.send_signal(signal.SIGINT)
        assert it.process.wait(LONG) == 130

    until(lambda: not runs("sleep 97"))


def test_an_interrupt_while_nothing_runs_ends_it(watched: Path) -> None:
    """At once."""
    with running(watched, SAY) as it:
        it.process.send_signal(signal.SIGINT)
        assert it.process.wait(LONG) == 130


def test_an_interrupt_is_the_commands(watched: Path) -> None:
    """It may clean up; then exec ends."""
    program = (
        "import os, signal, sys, time\n"
        "out = open(os.environ['OUT'], 'a', buffering=1)\n"
        "signal.signal(signal.SIGINT, lambda *_: (print('cleaned', file=out), sys.exit(7)))\n"
        "print('run', file=out)\n"
        "while True: time.sleep(0.05)\n"
    )
    command = f"exec {shlex.quote(sys.executable)} -c {shlex.quote(program)}"
    with running(watched, command) as it:
        (watched / "new").touch()
        until(lambda: it.said == ["run"])
        it.process.send_signal(signal.SIGINT)
        assert it.process.wait(LONG) == 130

    assert it.said == ["run", "cleaned"]


@pytest.mark.parametrize("options", [(), ("--restart",)])
def test_a_second_interrupt_kills_the_command(watched: Path, options: tuple[str, ...]) -> None:
    """For one that does not listen."""
    with running(watched, 'trap "" INT; echo run >>"$OUT"; exec sleep 96', *options) as it:
        (watched / "new").touch()
        until(lambda: it.said == ["run"])
        it.process.send_signal(signal.SIGINT)
        time.sleep(0.3)  # in which it would end
        assert it.process.poll() is None
        it.process.send_signal(signal.SIGINT)
        assert it.process.wait(LONG) == 130


def test_a_termination_ends_the_command_as_well(watched: Path) -> None:
    """A service manager expects that nothing is left."""
    with running(watched, 'echo run >>"$OUT"; exec sleep 95') as it:
        (watched / "new").touch()
        until(lambda: it.said == ["run"])
        it.process.send_signal(signal.SIGTERM)
        assert it.process.wait(LONG) == 143

    until(lambda: not runs("sleep 95"))


def test_it_goes_on_when_the_daemon_ends(watched: Path) -> None:
    """Another one is started, and nothing is missed."""
    with running(watched, SAY) as it:
        fsmond("stop", watched)
        (watched / "meanwhile").touch()
        until(lambda: "meanwhile" in it.said)


def test_a_command_that_cannot_be_run_ends_it(watched: Path) -> None:
    """With the exit statuses of a shell, before anything is waited for."""
    missing = fsmond("exec", watched, "--", "no-such-command-anywhere")
    nothing = fsmond("exec", watched)
    refused = fsmond("exec", watched, "--initial", "--", str(watched / "dir"))

    assert (missing.returncode, len(missing.stderr.splitlines())) == (127, 1)
    assert nothing.returncode == 2
    assert refused.returncode in (126, 127)


def test_the_file_of_changes_is_removed(watched: Path, tmp_path: Path) -> None:
    """Nothing is left behind."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    process = subprocess.Popen(
        [*FSMOND, "exec", str(watched), "--initial", "--", "true"],
        env={**os.environ, "TMPDIR": str(folder)},
    )
    until(lambda: status(watched)["waiting"] == 1)
    assert len(list(folder.iterdir())) == 1
    process.send_signal(signal.SIGINT)
    assert process.wait(LONG) == 130

    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("restarts", [False, True])
def test_what_fails_while_it_waits_is_an_error(
    watched: Path, monkeypatch: pytest.MonkeyPatch, restarts: bool
) -> None:
    """Whatever it is: another thread waits, and the main thread must not wait for that for ever."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "no descriptors")

    monkeypatch.setattr(Client, "wait", fail)
    options = argparse.Namespace(
        path=watched,
        command_line=["true"],
        initial=False,
        restart=restarts,
        clear=False,
        settle=0,
        max_wait=1,
        include=[],
        exclude=[],
        gitignore=False,
    )

    with pytest.raises(OSError, match="no descriptors"):
        execute(options, print)


@pytest.mark.parametrize("options", [(), ("--restart",)])
def test_the_command_has_the_terminal(watched: Path, options: tuple[str, ...]) -> None:
    """It can read what is typed, and Ctrl-C reaches it."""
    sleep = f"sleep 94.{os.getpid()}"  # no other test's, which may run at the same time
    child, terminal = pty.fork()
    if child == 0:
        command = ["sh", "-c", f"echo ready; read line; echo got $line; exec {sleep}"]
        arguments = [*FSMOND, "exec", str(watched), "--initial", *options, "--", *command]
        os.execv(sys.executable, arguments)
    printed = b""

    def says(text: bytes) -> bool:
        nonlocal printed
        printed += os.read(terminal, 1000)
        return text in printed

    ended: list[int] = []

    def has_ended() -> bool:
        ended[:] = os.waitpid(child, os.WNOHANG)
        return ended[0] != 0

    try:
        until(lambda: says(b"ready"))
        os.write(terminal, b"typed\n")
        until(lambda: says(b"got typed"))
        until(lambda: runs(sleep, whole=True))  # a shell may miss a signal while it forks
        os.write(terminal, b"\x03")
        until(has_ended)
        assert os.waitstatus_to_exitcode(ended[1]) == 130
    finally:
        os.close(terminal)
        subprocess.run(["pkill", "-f", sleep], check=False)
