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
_LOOK = 1.0  # seconds between two looks for a signal, where none ends a wait, as on Windows
_CLEAR = "\x1b[H\x1b[2J\x1b[3J"


_News = queue.SimpleQueue[Answer | Exception | None]
"""Batches, or why there are no more; None: a signal came."""


class _Stopped(Exception):  # noqa: N818 - no error
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
                runner.run([], bool)
            listener = _Listener(client, options, runner.news)
            listener.ask(token)
            while True:
                changed, token = runner.next_batch()
                if options.restart:
                    runner.run(changed, lambda: not runner.news.empty())
                else:
                    runner.run(changed, bool)
                    listener.ask(token)
        except _Stopped as stop:
            return runner.stopped(stop.number)
        except _CannotRunError as error:
            report(error)
            return error.status
        except Error as error:
            report(error)
            return runner.status or 1


class _Listener:
    """Waits for batches on a thread of its own, `fsmond-exec`, which ends with the process.

    So the main thread waits for a queue only, which the handler of a signal may fill.  If it raised
    instead, Python would drop that where it interrupts a destructor.
    """

    def __init__(self, client: Client, options: argparse.Namespace, news: _News) -> None:
        self._client = client
        self._options = options
        self._news = news
        self._asked: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="fsmond-exec", daemon=True).start()

    def ask(self, token: str) -> None:
        """Have it wait for what changes after a token; with `--restart`, for all that follows."""
        self._asked.put(token)

    def _run(self) -> None:
        try:
            while True:
                answer = _wait(self._client, self._asked.get(), self._options)
                if self._options.restart:
                    self._asked.put(answer.token)
                self._news.put(answer)
        except Exception as error:  # noqa: BLE001 - the main thread raises it
            self._news.put(error)


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

    A signal is noted, and passed on to the command; a handler raises nothing.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.status = 0
        """Of the command's last run."""
        self.news: _News = queue.SimpleQueue()
        """For `next_batch`."""
        self._command: list[str] = options.command_line
        self._clears = options.clear and sys.stdout is not None and sys.stdout.isatty()
        self._group = Group(own=options.restart)
        self._process: subprocess.Popen[bytes] | None = None
        self._interrupts = 0  # how often Ctrl-C was typed
        self._owes_interrupt = False  # whether one came before the process was known
        self._stop_number = 0  # of a signal that ends the program
        self._is_waiting = self._is_ending = False
        self._changes = ""  # the path of a file
        if shutil.which(self._command[0]) is None:
            raise _CannotRunError(f"{self._command[0]}: command not found", _NOT_FOUND)

    def next_batch(self) -> tuple[list[bytes], str]:
        """Wait for changes; return all that are there, and a token from which to go on.

        Raise _Stopped, or why there will be none.
        """
        paths: dict[bytes, None] = {}
        token = ""
        self._is_waiting = True  # from here on a signal ends the wait
        while not token or not self.news.empty():
            self._raise_stopped()
            try:
                found = self.news.get(timeout=_LOOK)
            except queue.Empty:
                continue
            if isinstance(found, Exception):
                raise found
            if found is not None:
                paths |= dict.fromkeys(_paths(found))
                token = found.token
        self._is_waiting = False
        self._raise_stopped()  # else what a signal put there would pass for news
        return [EVERYTHING] if EVERYTHING in paths else list(paths), token

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

    def _interrupt(self, _: int, __: FrameType | None) -> None:
        process = self._process
        self._interrupts += 1
        if process is None:
            self._owes_interrupt = True
            self._end_wait()
        elif self._interrupts > 1:
            self._group.kill(process)
        else:
            self._group.interrupt(process)

    def _stop(self, number: int, _: FrameType | None) -> None:
        self._stop_number = number
        self._end_wait()
        if self._is_ending and self._process is not None:
            self._group.kill(self._process)

    def _end_wait(self) -> None:
        if self._is_waiting:
            self.news.put(None)

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
