"""Start a process on Windows.  `subprocess` takes longer to import than all this.

The process gets a console without a window, and shares it with all that it starts.  For a program
with no console at all, Windows opens a window for each child, also for the real Python that a
venv's Python starts.
"""

import sys

assert sys.platform == "win32"

import _winapi
import msvcrt
import os
import time

from fsmond.process.detach import READY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# CREATE_NO_WINDOW; the group does not receive this console's Ctrl-C.
_FLAGS = 0x08000000 | _winapi.CREATE_NEW_PROCESS_GROUP
_USE_HANDLES = _winapi.STARTF_USESTDHANDLES
_POLL_INTERVAL = 0.001  # seconds; a wait on an anonymous pipe is not possible
_CHUNK = 4096  # bytes read at a time


class _Startup:
    """The STARTUPINFO of the new process."""

    def __init__(self, null: int, output: int) -> None:
        self.dwFlags = _USE_HANDLES
        self.wShowWindow = 0
        self.hStdInput = null
        self.hStdOutput = self.hStdError = output
        self.lpAttributeList = {"handle_list": [null, output]}  # it inherits these, and no others


class Child:
    """A process whose output can be read here."""

    def __init__(
        self,
        arguments: list[str],
        environment: "Mapping[str, str] | None" = None,
    ) -> None:
        self._reader, writer = _winapi.CreatePipe(None, 0)
        null = os.open(os.devnull, os.O_RDONLY)
        try:
            os.set_handle_inheritable(writer, True)
            os.set_inheritable(null, True)
            _start(arguments, environment, _Startup(msvcrt.get_osfhandle(null), writer))
        except OSError:
            self.disown()
            raise
        finally:
            os.close(null)
            _winapi.CloseHandle(writer)

    def read_until_ready(self, deadline: float) -> bytes | None:
        """Return its output up to READY, or to the end of the pipe; None at `deadline`."""
        output = b""
        try:
            # A venv's Python waits for the real one, and keeps the pipe open as long as it runs.
            while not output.endswith(READY):
                if _winapi.PeekNamedPipe(self._reader, 0)[0]:
                    output += _winapi.ReadFile(self._reader, _CHUNK)[0]
                elif time.monotonic() < deadline:
                    time.sleep(_POLL_INTERVAL)
                else:
                    return None
        except BrokenPipeError:
            pass  # it ended
        finally:
            self.disown()
        return output

    def disown(self) -> None:
        """Stop reading its output, and let it continue without this process."""
        _winapi.CloseHandle(self._reader)


def _start(
    arguments: list[str], environment: "Mapping[str, str] | None", startup: _Startup
) -> None:
    command_line = " ".join(map(_quoted, arguments))
    variables: Any = environment if environment is None else dict(environment)
    # Windows cannot remove or rename the current directory of a process.
    folder = os.environ.get("SYSTEMROOT", os.sep)
    # This process may be in a job, as of a terminal, that ends all its processes when it ends.
    for flags in (_FLAGS | _winapi.CREATE_BREAKAWAY_FROM_JOB, _FLAGS):
        try:
            process, thread, *_ = _winapi.CreateProcess(
                arguments[0], command_line, None, None, True, flags, variables, folder, startup
            )
        except PermissionError:
            if flags == _FLAGS:
                raise  # not because the job forbids to break away
            continue
        _winapi.CloseHandle(thread)
        _winapi.CloseHandle(process)
        return


def _quoted(argument: str) -> str:
    """Quote an argument for a command line: before a quote, two backslashes stand for one."""
    parts = argument.split('"')
    doubled = [part + part[len(part.rstrip("\\")) :] for part in parts]
    return '"' + '\\"'.join(doubled) + '"'
