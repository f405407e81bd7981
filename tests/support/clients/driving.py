"""Run clients within a time limit, and end them with all that they started."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from support.running import until

SOON = 30.0  # seconds; a client that has not done it by then hangs
END = 5.0  # seconds that a client has to end by itself
Command = Sequence[str | Path]
Environment = dict[str, str]


def run(command: Command, *, cwd: Path, env: Environment, seconds: float = SOON) -> str:
    """Run a program to its end, which must be a success; return what it printed to stdout."""
    code, output, errors = run_anyway(command, cwd=cwd, env=env, seconds=seconds)
    assert code == 0, f"{_shown(command)} exited with {code}:\n{errors}\n{output}"
    return output


def run_anyway(
    command: Command, *, cwd: Path, env: Environment, seconds: float = SOON
) -> tuple[int, str, str]:
    """Run a program to its end; return its exit code and what it printed to stdout and stderr."""
    with tempfile.NamedTemporaryFile() as output, tempfile.NamedTemporaryFile() as errors:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            end_group(process)
            pytest.fail(f"{_shown(command)} hangs:\n{_text(errors.name)}")
        return code, _text(output.name), _text(errors.name)


class Program:
    """A program that runs as long as the `with` statement, and whose output is read meanwhile."""

    def __init__(self, command: Command, *, cwd: Path, env: Environment) -> None:
        self._command = command
        self._output = tempfile.NamedTemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._read = 0  # characters of the output that were expected
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        """Start nothing: the program runs since it was made."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the program and all that it started."""
        end_group(self._process)
        self._output.close()

    @property
    def output(self) -> str:
        """Return all that the program has printed until now, to stdout and to stderr."""
        return _text(self._output.name)

    @property
    def code(self) -> int | None:
        """Return the exit code of the program; None while it runs."""
        return self._process.poll()

    def expect(self, pattern: str, seconds: float = SOON) -> re.Match[str]:
        """Wait until the program prints this, after what was expected before."""
        expected = re.compile(pattern, re.MULTILINE)
        deadline = time.monotonic() + seconds
        while True:
            has_ended = self.code is not None
            if found := expected.search(self.output, self._read):
                break
            if has_ended or time.monotonic() > deadline:
                pytest.fail(f"{_shown(self._command)} {self._missed(pattern)}")
            time.sleep(0.02)
        self._read = found.end()
        return found

    def _missed(self, pattern: str) -> str:
        state = "runs" if self.code is None else f"exited with {self.code}"
        return (
            f"{state} but did not print {pattern!r} after character {self._read}; "
            f"all that it printed:\n{self.output}"
        )

    def expect_lines(self, *lines: str) -> None:
        """Wait until the program has printed these lines, in any order and from its beginning."""
        deadline = time.monotonic() + SOON
        while missing := set(lines) - set(self.output.split("\n")):
            if time.monotonic() > deadline:
                pytest.fail(f"it did not print {missing}; all that it printed:\n{self.output}")
            time.sleep(0.02)

    def type(self, text: str) -> None:
        """Write to the program's stdin."""
        assert self._process.stdin
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def end_input(self) -> None:
        """Close the program's stdin."""
        assert self._process.stdin
        self._process.stdin.close()


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads a group, and the whole group."""
    if process.stdin:
        with suppress(OSError):
            process.stdin.close()
    _signal_group(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(END)
    _signal_group(process.pid, signal.Signals["SIGKILL"])  # there is none on Windows
    process.wait(END)


def _signal_group(leader: int, number: int) -> None:
    if sys.platform != "win32":
        with suppress(ProcessLookupError):
            os.killpg(leader, number)


@contextmanager
def none_left_running(mark: str) -> Iterator[None]:
    """Fail if processes whose environment contains this text run at the end; kill them."""
    yield
    left: dict[int, str] = {}
    with suppress(AssertionError):
        until(lambda: not _note_marked(mark, left), END)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.Signals["SIGKILL"])
    assert not left, f"clients left running: {left}"


def _note_marked(mark: str, found: dict[int, str]) -> bool:
    found.clear()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark.encode() in (entry / "environ").read_bytes():
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
                found[int(entry.name)] = command.decode(errors="replace")
    return bool(found)


def _text(path: str) -> str:
    return Path(path).read_bytes().decode(errors="surrogateescape")


def _shown(command: Command) -> str:
    return " ".join(map(str, command))
