"""Start the second process, give it its work, and take its reports."""

import sys

assert sys.platform == "linux"

import contextlib
import fcntl
import logging
import os
import select
import signal
import threading
import time

from fsmond.helping.messages import GO, SIZE, Report, encode_job, take_reports
from fsmond.index.sharing import Job

_PROGRAM = (
    "import sys; sys.path.append(sys.argv[1]); from fsmond.helping.program import main; main()"
)
_TIMEOUT = 5.0  # seconds until it must have read its work
_END_TIMEOUT = 1.0  # seconds to reap it, once killed
_REAP_INTERVAL = 0.001  # seconds
_STEP = 0.05  # seconds of waiting with the lock held
_CHUNK = 1 << 16  # bytes read at a time
_PIPE_SIZE = 1 << 20  # bytes of reports that wait for us; the kernel's limit for ordinary users

_log = logging.getLogger(__name__)


class HelperProcess:
    """One process for one job; used by one thread, but for `stop`.

    No method raises: a process that fails, or takes too long, reports nothing more.
    """

    def __init__(self, interpreter: str, library: str) -> None:
        """`library`: where this package is."""
        self._command = [interpreter, "-I", "-S", "-X", "utf8", "-c", _PROGRAM, library]
        self._lock = threading.Lock()  # guards what follows
        self._pid = self._reader = self._writer = -1
        self._is_stopped = False
        self._received = bytearray()  # used by the one thread alone

    @property
    def is_spent(self) -> bool:
        """Whether it had work, or was stopped: it takes no more."""
        return self._is_stopped or self._reader != -1

    @property
    def is_over(self) -> bool:
        """Whether it will report nothing more."""
        return self._reader == -1

    def offer(self, job: Job) -> bool:
        """Start the process and give it its work, not yet to be begun; return whether it has it."""
        data = encode_job(job)
        try:
            self._start()
        except OSError as error:
            self._fail(error)
            return False
        return self._write(SIZE.pack(len(data)) + data)

    def begin(self) -> None:
        """Have it begin."""
        self._write(GO)

    def reports(self, timeout: float) -> list[Report]:
        """Return what it reported since the last call; wait for that, at most so many seconds."""
        deadline = time.monotonic() + timeout
        try:
            while self._read(max(0.0, min(deadline - time.monotonic(), _STEP))):
                deadline = 0.0
        except OSError as error:
            self._fail(error)
        try:
            return take_reports(self._received)
        except (ValueError, EOFError, TypeError) as error:  # something else wrote there
            self._fail(error)
            self._received.clear()
            return []

    def stop(self) -> None:
        """End the process, and free everything.  Harmless when repeated; any thread."""
        with self._lock:
            self._is_stopped = True
            for descriptor in (self._reader, self._writer):
                if descriptor != -1:
                    os.close(descriptor)
            self._reader = self._writer = -1
            if self._pid != -1:
                _end(self._pid)
                self._pid = -1

    def _start(self) -> None:
        its_input, writer = os.pipe()
        try:
            reader, its_output = os.pipe()
        except OSError:
            os.close(its_input)
            os.close(writer)
            raise
        os.set_blocking(writer, False)
        with contextlib.suppress(OSError):  # the user may have too many pipes
            fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
        with self._lock:
            self._reader, self._writer = reader, writer
            try:
                if not self._is_stopped:
                    self._pid = self._spawn(its_input, its_output)
            finally:
                os.close(its_input)
                os.close(its_output)

    def _spawn(self, its_input: int, its_output: int) -> int:
        return os.posix_spawn(
            self._command[0],
            self._command,
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, its_input, 0),
                (os.POSIX_SPAWN_DUP2, its_output, 1),
            ],
            setsigmask=(),
            setsigdef=signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP},
        )

    def _read(self, timeout: float) -> bool:
        """Read what is there; return whether anything was.  Raise OSError."""
        with self._lock:
            if self._reader == -1 or not _is_ready(self._reader, select.POLLIN, timeout):
                return False
            chunk = os.read(self._reader, _CHUNK)
        self._received += chunk
        if not chunk:
            self.stop()
        return bool(chunk)

    def _write(self, data: bytes) -> bool:
        """Write all of it; return whether that succeeded."""
        rest, deadline = memoryview(data), time.monotonic() + _TIMEOUT
        try:
            while rest:
                with self._lock:
                    if self._writer == -1:
                        return False
                    if _is_ready(self._writer, select.POLLOUT, _STEP):
                        rest = rest[os.write(self._writer, rest) :]
                if time.monotonic() > deadline:
                    raise TimeoutError("it does not read")
        except OSError as error:
            self._fail(error)
        return not rest

    def _fail(self, error: Exception) -> None:
        _log.warning("the tree is compared without help from another process: %s", error)
        self.stop()


def _end(pid: int) -> None:
    """Kill a child, if it is one still, and reap it; a file system may hold it up for longer."""
    deadline = time.monotonic() + _END_TIMEOUT
    with contextlib.suppress(OSError):  # somebody reaps all children: the number may be another's
        while os.waitpid(pid, os.WNOHANG)[0] == 0 and time.monotonic() < deadline:
            os.kill(pid, signal.SIGKILL)
            time.sleep(_REAP_INTERVAL)


def _is_ready(descriptor: int, event: int, timeout: float) -> bool:
    """Return whether there is such an event within so many seconds."""
    poller = select.poll()
    poller.register(descriptor, event)
    return bool(poller.poll(timeout * 1000))
