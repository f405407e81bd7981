"""Wait for a batch of changes, run the command, and begin again.

Changes are waited for only while no command runs, or with `--restart`: so what changes meanwhile is
one batch, and nothing is missed, as each wait begins where the last one ended.

The command is in our own process group and has the terminal, as if the shell ran it.  With
`--restart` it has a group of its own, so that all of it can be ended; it gets the terminal when it
reads from it.  The first Ctrl-C is the command's; after a second one it is killed.
"""

import argparse
import contextlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn

from fsmond.client import Client
from fsmond.errors import DaemonEndedError, Error
from fsmond.protocol import EVERYTHING, Answer

if sys.platform == "win32":
    from fsmond.execute.group_windows import ENDING_SIGNALS, Group
else:
    from fsmond.execute.group_unix import ENDING_SIGNALS, Group

INTERRUPTED = 130
_NOT_FOUND, _CANNOT_RUN = 127, 126  # as a shell has them
_END_TIMEOUT = 5.0  # seconds in which a command ends that was asked to; then it is killed
_POLL = 0.05  # seconds between two looks at a command that may be restarted
_RETRY = 0.5  # seconds until a daemon that ended is started again
_CLEAR = "\x1b[H\x1b[2J\x1b[3J"


class _Stopped(BaseException):
    """A signal ends the program."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def execute(options: argparse.Namespace, report: Callable[[object], None]) -> int:
    """Run the command after each batch, until interrupted; return the exit status.

    `report` shows people an error.
    """
    client = Client(options.path)
    token = client.query().token
    try:
        runner = _Runner(options)
    except _CannotRunError as error:
        report(error)
        return error.status
    with runner.handling_signals():
        try:
            if options.initial:
                runner.run([], lambda: None)
            if options.restart:
                _restarting(client, token, runner, options)
            while True:
                with runner.interruptible():
                    answer = _wait(client, token, options)
                token = answer.token
                runner.run(_paths(answer), lambda: None)
        except _Stopped as stop:
            return runner.stopped(stop.number)
        except _CannotRunError as error:
            report(error)
            return error.status
        except Error as error:
            report(error)
            return runner.status or 1


def _restarting(
    client: Client, token: str, runner: "_Runner", options: argparse.Namespace
) -> NoReturn:
    """Run the command after each batch, and end it when something changes meanwhile."""
    found: queue.SimpleQueue[Answer | Error] = queue.SimpleQueue()

    def listen(since: str) -> None:
        try:
            while True:
                answer = _wait(client, since, options)
                since = answer.token
                found.put(answer)
        except Error as error:
            found.put(error)

    threading.Thread(target=listen, args=[token], name="fsmond-exec", daemon=True).start()
    while True:
        with runner.interruptible():
            news = found.get()
        paths: dict[bytes, None] = {}
        while True:
            if isinstance(news, Error):
                raise news
            paths |= dict.fromkeys(_paths(news))
            if found.empty():
                break
            news = found.get()
        changed = [EVERYTHING] if EVERYTHING in paths else list(paths)
        runner.run(changed, lambda: None if found.empty() else True)


def _wait(client: Client, since: str, options: argparse.Namespace) -> Answer:
    """Wait for a batch; start the daemon again if it ends."""
    while True:
        try:
            return client.wait(
                since,
                settle=options.settle,
                max_wait=options.max_wait,
                include=options.include,
                exclude=options.exclude,
                gitignore=options.gitignore,
            )
        except DaemonEndedError:
            time.sleep(_RETRY)
            client.query()  # starts a daemon, or says why there is none


def _paths(answer: Answer) -> list[bytes]:
    return [EVERYTHING] if answer.paths is None else answer.paths


class _CannotRunError(Exception):
    """The command cannot be run."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class _Runner:
    """Runs the command, one process at a time; on the main thread, which gets the signals.

    A signal is noted, and passed on; it raises _Stopped only where `interruptible` allows that.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.status = 0
        """Of the command's last run."""
        self._command: list[str] = options.command_line
        self._clears = options.clear and sys.stdout is not None and sys.stdout.isatty()
        self._group = Group(own=options.restart)
        self._process: subprocess.Popen[bytes] | None = None
        self._interrupts = 0  # how often Ctrl-C was typed
        self._owes_interrupt = False  # whether one came before the process was known
        self._stop_number = 0  # of a signal that ends the program
        self._is_interruptible = self._is_ending = False
        self._changes = ""  # the path of a file
        if shutil.which(self._command[0]) is None:
            raise _CannotRunError(f"{self._command[0]}: command not found", _NOT_FOUND)

    def run(self, paths: list[bytes], must_restart: Callable[[], object]) -> None:
        """Run the command to its end, or end it when `must_restart` returns something."""
        with open(self._changes, "wb") as file:
            file.writelines(path + b"\0" for path in paths)
        if self._clears:
            sys.stdout.write(_CLEAR)
            sys.stdout.flush()
        environment = {**os.environ, "FSMOND_CHANGES": self._changes}
        self._process = self._start(environment)
        if self._owes_interrupt:
            self._owes_interrupt = False
            self._group.interrupt(self._process)
        try:
            while not self._wait(_POLL):
                self._raise_stopped()
                if must_restart():
                    self._end()
        finally:
            self._group.ended()
        self.status = self._process.returncode
        self._process = None
        if self._interrupts or self.status in (-signal.SIGINT, INTERRUPTED):
            raise _Stopped(signal.SIGINT)

    def _start(self, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
        try:
            return self._group.start(self._command, environment)
        except OSError as error:
            message = f"{self._command[0]}: {error.strerror}"
            raise _CannotRunError(message, _CANNOT_RUN) from error

    def stopped(self, number: int) -> int:
        """End the command if it runs; return the exit status after a signal."""
        self._is_ending = True
        if self._process is not None:
            self._group.send(self._process, number)
            if not self._wait(_END_TIMEOUT):
                self._group.kill(self._process)
                self._wait(_END_TIMEOUT)
            self._group.ended()
        return 128 + number

    @contextlib.contextmanager
    def handling_signals(self) -> Iterator[None]:
        """Handle the signals that end the program; at the end, nothing is left of the command."""
        before = {number: signal.signal(number, self._stop) for number in ENDING_SIGNALS}
        before[signal.SIGINT] = signal.signal(signal.SIGINT, self._interrupt)
        try:
            descriptor, self._changes = tempfile.mkstemp(prefix="fsmond-changes-")
            os.close(descriptor)
            yield
        finally:
            self._group.clear()
            with contextlib.suppress(OSError):
                os.unlink(self._changes)
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let a signal raise _Stopped, also one that came before; no command may be running."""
        try:
            self._is_interruptible = True
            self._raise_stopped()
            yield
        finally:
            self._is_interruptible = False

    def _interrupt(self, number: int, _: FrameType | None) -> None:
        process = self._process
        self._interrupts += 1
        if self._is_interruptible:
            raise _Stopped(number)
        if process is None:
            self._owes_interrupt = True
        elif self._interrupts > 1:
            self._group.kill(process)
        else:
            self._group.interrupt(process)

    def _stop(self, number: int, _: FrameType | None) -> None:
        self._stop_number = number
        if self._is_interruptible:
            raise _Stopped(number)
        if self._is_ending and self._process is not None:
            self._group.kill(self._process)

    def _raise_stopped(self) -> None:
        if self._stop_number or self._owes_interrupt:
            raise _Stopped(self._stop_number or signal.SIGINT)

    def _wait(self, timeout: float) -> bool:
        assert self._process is not None
        return self._group.wait(self._process, timeout)

    def _end(self) -> None:
        """End the command and all of its group."""
        assert self._process is not None
        self._group.send(self._process, signal.SIGTERM)
        if not self._wait(_END_TIMEOUT):
            self._group.kill(self._process)
            self._wait(_END_TIMEOUT)
