"""Start a process on Windows.  Not by `subprocess`, which takes longer to import than all this.

The process gets a console that has no window, as does all that it starts: programs with no
console at all have a window opened for each child, also for the real Python below that of a venv.
"""

import sys

assert sys.platform == "win32"

import _winapi
import msvcrt
import os
import time

from fsmond.daemon.detach import READY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_FLAGS = 0x08000000 | _winapi.CREATE_NEW_PROCESS_GROUP  # CREATE_NO_WINDOW; no Ctrl-C of ours
_USE_HANDLES = _winapi.STARTF_USESTDHANDLES
_NAP = 0.001  # seconds; a pipe without a name can't be waited for
_PIECE = 4096  # bytes


class _Startup:
    """What the new process begins with."""

    def __init__(self, nothing: int, said: int) -> None:
        self.dwFlags = _USE_HANDLES
        self.wShowWindow = 0
        self.hStdInput = nothing
        self.hStdOutput = self.hStdError = said
        self.lpAttributeList = {"handle_list": [nothing, said]}  # these are inherited, no others


class Child:
    """A process whose output is heard here."""

    def __init__(
        self,
        arguments: list[str],
        environment: "Mapping[str, str] | None" = None,
    ) -> None:
        self._heard, said = _winapi.CreatePipe(None, 0)
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            os.set_handle_inheritable(said, True)
            os.set_inheritable(nothing, True)
            _start(arguments, environment, _Startup(msvcrt.get_osfhandle(nothing), said))
        except OSError:
            self.leave()
            raise
        finally:
            os.close(nothing)
            _winapi.CloseHandle(said)

    def hear(self, deadline: float) -> bytes | None:
        """Return all that it says until it is ready, or nobody can say more; None at `deadline`."""
        heard = b""
        try:
            # A venv's Python, which waits for the real one, has the pipe open as long as it runs.
            while not heard.endswith(READY):
                if _winapi.PeekNamedPipe(self._heard, 0)[0]:
                    heard += _winapi.ReadFile(self._heard, _PIECE)[0]
                elif time.monotonic() < deadline:
                    time.sleep(_NAP)
                else:
                    return None
        except BrokenPipeError:
            pass  # it ended
        finally:
            self.leave()
        return heard

    def leave(self) -> None:
        """Let it go on without us."""
        _winapi.CloseHandle(self._heard)


def _start(
    arguments: list[str], environment: "Mapping[str, str] | None", startup: _Startup
) -> None:
    line = " ".join(map(_quoted, arguments))
    given: Any = environment if environment is None else dict(environment)
    # A directory in which some process is can't be removed or renamed.
    folder = os.environ.get("SYSTEMROOT", os.sep)
    # Whoever started us, be it a terminal, may have all that belongs to it ended when it ends.
    for flags in (_FLAGS | _winapi.CREATE_BREAKAWAY_FROM_JOB, _FLAGS):
        try:
            process, thread, *_ = _winapi.CreateProcess(
                arguments[0], line, None, None, True, flags, given, folder, startup
            )
        except PermissionError:
            if flags == _FLAGS:
                raise  # it is not that it may not leave
            continue
        _winapi.CloseHandle(thread)
        _winapi.CloseHandle(process)
        return


def _quoted(argument: str) -> str:
    """Return it as it is read at the other end: before a quote, two backslashes are one."""
    parts = argument.split('"')
    doubled = [part + part[len(part.rstrip("\\")) :] for part in parts]
    return '"' + '\\"'.join(doubled) + '"'
