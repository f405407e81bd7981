"""`fsmond git-daemon`: a substitute for `git fsmonitor--daemon`.

Its messages and exit statuses are those of that command: Git's scripts rely on them.
"""

import contextlib
import os
import sys
import time
from collections.abc import Callable

from fsmond.cli.output import write, write_line
from fsmond.client import Client
from fsmond.errors import Error
from fsmond.git.program import GitError, git
from fsmond.git.repository import UnsuitableError, root_of
from fsmond.git.worktree import BareError, find
from fsmond.printable import printable
from fsmond.rendezvous import Place, place_of
from ipc.client import get_active_state
from ipc.state import ActiveState

_USAGE = 129  # Git's exit status for bad usage
_FATAL = 128  # and for a fatal error
_STOP_TIMEOUT = 30.0  # seconds for a daemon to exit after a request to quit
_POLL_INTERVAL = 0.05  # seconds
_MIN_TIMEOUT = 1  # seconds, as Git counts whole ones
_MAX_NUMBER = (1 << 31) - 1
_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
# With their defaults.  fsmond starts as many threads as it needs, whatever `ipc-threads` is.
_OPTIONS = {"detach": 0, "ipc-threads": 8, "start-timeout": 60}
USAGE = """\
usage: fsmond git-daemon start [<options>]
   or: fsmond git-daemon run [<options>]
   or: fsmond git-daemon stop
   or: fsmond git-daemon status

Acts as `git fsmonitor--daemon`, with the same options, messages and exit statuses.

    --[no-]detach               detach from the terminal (run)
    --[no-]ipc-threads N        accepted but ignored: fsmond starts as many as it needs
    --[no-]start-timeout N      seconds to wait for the daemon to answer (start)
"""


class _FatalError(Exception):
    """The command fails with Git's message and exit status."""


class _UsageError(Exception):
    """Bad usage; the message says what is wrong, and an empty one stands for the usage."""


def run(arguments: list[str]) -> int:
    """Run a command for the current directory; return the exit status."""
    try:
        return _run(arguments)
    except _FatalError as error:
        print(f"fatal: {error}", file=sys.stderr)
        return _FATAL
    except _UsageError as error:
        print(*([f"error: {error}"] if str(error) else [USAGE.rstrip()]), file=sys.stderr)
        return _USAGE


def _run(arguments: list[str]) -> int:
    if "-h" in arguments or "--help" in arguments:
        write(USAGE.encode())
        return _USAGE
    is_bare = _is_bare()
    announce, settings = _configured_settings()
    words = _parse_options(arguments, settings)
    if len(words) != 1:
        raise _UsageError
    if settings["ipc-threads"] < 1:
        message = f"invalid 'ipc-threads' value ({settings['ipc-threads']})"
        raise _FatalError(message)
    if is_bare:
        message = f"bare repository '{printable(os.getcwdb())}' is incompatible with fsmonitor"
        raise _FatalError(message)
    return _do(words[0], settings, announce=announce)


def _do(name: str, settings: dict[str, int], *, announce: bool) -> int:
    place = _place()
    timeout, detach = settings["start-timeout"], bool(settings["detach"])
    commands: dict[str, Callable[[], int]] = {
        "start": lambda: _start(place, announce=announce, timeout=timeout),
        "run": lambda: _run_daemon(place, announce=announce, detach=detach),
        "stop": lambda: _stop(place),
        "status": lambda: _status(place),
    }
    if name not in commands:
        message = f"Unhandled subcommand '{name}'"
        raise _FatalError(message)
    return commands[name]()


def _parse_options(arguments: list[str], settings: dict[str, int]) -> list[str]:
    """Return the words that are no options; store the options, abbreviated or `--no-` as in Git."""
    words: list[str] = []
    rest = iter(arguments)
    for each in rest:
        if each == "--":
            return [*words, *rest]
        if not each.startswith("-") or each == "-":
            words.append(each)
            continue
        typed, has_value, value = each.partition("=")
        negated = typed.startswith("--no-")
        name = _option(typed.removeprefix("--no-").removeprefix("--"), typed)
        if negated or name == "detach":
            if has_value:
                message = f"option `{'no-' * negated}{name}' takes no value"
                raise _UsageError(message)
            settings[name] = int(not negated)
        else:
            settings[name] = _number(name, value if has_value else next(rest, None))
    return words


def _option(typed: str, whole: str) -> str:
    found = [name for name in _OPTIONS if typed and name.startswith(typed)]
    if not whole.startswith("--"):
        message = f"unknown switch `{whole[1:2]}'"
        raise _UsageError(message)
    if len(found) != 1:
        message = f"unknown option `{whole[2:]}'"
        raise _UsageError(message)
    return found[0]


def _number(name: str, text: str | None) -> int:
    if text is None:
        message = f"option `{name}' requires a value"
        raise _UsageError(message)
    if not text:
        message = f"option `{name}' expects a numerical value"
        raise _UsageError(message)
    try:
        number = int(text.rstrip("kmgKMG")) * _UNITS.get(text[-1:].lower(), 1)
    except ValueError:
        message = f"option `{name}' expects an integer value with an optional k/m/g suffix"
        raise _UsageError(message) from None
    if not -_MAX_NUMBER - 1 <= number <= _MAX_NUMBER:
        allowed = f"[{-_MAX_NUMBER - 1},{_MAX_NUMBER}]"
        message = f"value {text} for option `{name}' not in range {allowed}"
        raise _UsageError(message)
    return number


def _configured_settings() -> tuple[bool, dict[str, int]]:
    """Return whether to announce a start, and the configured values of the options.

    As in Git, an invalid value is fatal even if the command does not use it.
    """
    announce = _configured("bool", "announceStartup") == "true"
    settings = {"detach": 0}
    for option, name, least in (
        ("start-timeout", "startTimeout", 0),
        ("ipc-threads", "ipcThreads", 1),
    ):
        text = _configured("int", name)
        settings[option] = int(text) if text else _OPTIONS[option]
        if settings[option] < least:
            key = f"fsmonitor.{name.lower()}"
            print(f"error: value of '{key}' out of range: {text}", file=sys.stderr)
            message = f"unable to parse '{key}' from the configuration"
            raise _FatalError(message)
    return announce, settings


def _configured(kind: str, name: str) -> str:
    try:
        return git("config", f"--type={kind}", f"fsmonitor.{name}").decode(errors="replace")
    except GitError as error:
        if error.status == 1:  # not set
            return ""
        raise _FatalError(str(error)) from error


def _is_bare() -> bool:
    """Return whether the repository is bare; raise _FatalError if Git finds none."""
    try:
        find(os.path.realpath(os.getcwdb()), os.environ)  # refuses a FIFO, on which Git would hang
    except BareError:
        return True
    except OSError as error:
        raise _FatalError(str(error)) from error
    try:
        return git("rev-parse", "--is-bare-repository") == b"true"
    except (GitError, OSError) as error:
        raise _FatalError(str(error)) from error


def _place() -> Place:
    try:
        return place_of(os.fsdecode(root_of(".")))
    except (Error, UnsuitableError) as error:
        raise _FatalError(str(error).removeprefix(".: ")) from error


def _is_running(place: Place) -> bool:
    return get_active_state(place.socket) == ActiveState.LISTENING


def _start(place: Place, *, announce: bool, timeout: int) -> int:
    from fsmond.daemon.main import start_process
    from fsmond.process.launch import launch

    _check_not_running(place)
    if announce:
        print(f"starting fsmonitor-daemon in '{printable(place.root)}'", file=sys.stderr)
    timeout = max(timeout, _MIN_TIMEOUT)
    deadline = time.monotonic() + timeout
    try:
        started, _ = launch(place, timeout=timeout, start_process=start_process)
    except Error as error:
        late = time.monotonic() >= deadline
        word = "daemon not online yet" if late else "daemon failed to start"
        print(f"fsmond: {error}\nerror: {word}", file=sys.stderr)
        return 1
    if not started:
        _check_not_running(place)
    return 0


def _run_daemon(place: Place, *, announce: bool, detach: bool) -> int:
    """Run the daemon in this process; log to the file, as Git's own daemon prints nothing."""
    from fsmond.daemon.lifecycle import end_log, serve
    from fsmond.daemon.log.logs import Log

    _check_not_running(place)
    if announce:
        print(f"running fsmonitor-daemon in '{printable(place.root)}'", file=sys.stderr)
    if detach and sys.platform != "win32":
        with contextlib.suppress(PermissionError):  # it is a session leader already
            os.setsid()
    home = os.path.expanduser("~")
    os.chdir(home if os.path.isdir(home) else os.sep)  # a process's own directory may not go
    log = Log(place.root)
    try:
        serve(place, log, ready=lambda: None)
    except Error as error:
        _check_not_running(place)  # another daemon was faster
        raise _FatalError(str(error)) from error
    return end_log(log, 0)


def _stop(place: Place) -> int:
    if not _is_running(place):
        message = "fsmonitor--daemon is not running"
        raise _FatalError(message)
    deadline = time.monotonic() + _STOP_TIMEOUT
    try:
        Client(place.root, start=False).quit()
    except (Error, TimeoutError) as error:
        raise _FatalError(str(error)) from error
    while _is_running(place):
        if time.monotonic() > deadline:
            print(f"error: daemon did not stop within {_STOP_TIMEOUT:.0f} seconds", file=sys.stderr)
            return 1
        time.sleep(_POLL_INTERVAL)
    return 0


def _status(place: Place) -> int:
    watching = _is_running(place)
    word = "is" if watching else "is not"
    write_line(f"fsmonitor-daemon {word} watching '{printable(place.root)}'")
    return 0 if watching else 1


def _check_not_running(place: Place) -> None:
    if _is_running(place):
        message = f"fsmonitor--daemon is already running '{printable(place.root)}'"
        raise _FatalError(message)
