"""The command `fsmond`: frequent commands load few modules, all others load an argument parser.

Imports are inside functions here, as this file exists to save the time that each takes.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

# They exit without Python's cleanup, which would take longer than they do.
_FREQUENT = ("hook", "query", "start")
_EBADF = 9  # importing `errno` takes time


def run() -> "NoReturn":
    """Run the command line, and exit."""
    if sys.platform != "win32":
        _restore_defaults()
    status = main()
    if sys.argv[1:] and sys.argv[1] in _FREQUENT:
        _exit_at_once(status)
    raise SystemExit(status)


def main() -> int:
    """Run the command line; return its exit status."""
    try:
        status = _run(sys.argv[1] if len(sys.argv) > 1 else "")
        for stream in filter(None, (sys.stdout, sys.stderr)):  # pythonw.exe has none
            stream.flush()
    except KeyboardInterrupt:
        return 130
    except ImportError as error:
        return _explain(error)
    except BrokenPipeError:
        _discard_output()  # the reader has closed the pipe, which is not an error
        return 1
    except OSError as error:  # a full disk, usually
        _print_error(error)
        _discard_output()
        return 1
    return status


def _explain(error: ImportError) -> int:
    """Say which package is missing, or in the way; return the exit status."""
    name = (error.name or "").partition(".")[0]
    if name in ("fsmond", "") or not sys.stderr:
        raise error
    if name.startswith(("win32", "pywin")):
        name = "pywin32"  # its modules have other names
    if name == "ipc":
        # Another project has this name on PyPI; installed later, its files replace some of ours.
        advice = "another package has replaced ipc: pip uninstall ipc, then install fsmond again"
    else:
        advice = f"the package {name} is missing: install fsmond again, or pip install {name}"
    sys.stderr.write(f"fsmond: {advice}\n")
    return 1


def _restore_defaults() -> None:
    """Open closed standard descriptors and reset SIGCHLD, whatever the parent process left."""
    import _signal  # already loaded

    if _signal.getsignal(_signal.SIGCHLD) == _signal.SIG_IGN:
        _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)  # else children have no exit status
    if not (sys.stdin and sys.stdout and sys.stderr):
        from fsmond.process.standard_streams import open_closed

        open_closed()


def _print_error(error: OSError) -> None:
    if sys.stderr:
        from fsmond.printable import message_of

        is_closed = error.errno == _EBADF and error.filename is None
        message = "standard output is closed" if is_closed else message_of(error)
        sys.stderr.write(f"fsmond: {message}\n")


def _run(command: str) -> int:
    if sys.argv[1:3] == ["run", "--detached"]:
        from fsmond.daemon.main import main as run_daemon

        return run_daemon(sys.argv[3:])
    status = _run_frequent(command, sys.argv[2:]) if command in _FREQUENT else None
    if status is not None:
        return status
    from fsmond.cli import main as commands  # parses all options, and has usage and help

    return commands.run(sys.argv[1:])


def _run_frequent(command: str, arguments: list[str]) -> int | None:
    """Run a command without an argument parser; return None if it needs one."""
    if command == "hook":
        from fsmond.cli import hook

        return hook.run(arguments)
    if command == "query":
        from fsmond.cli import query

        return query.run(arguments)
    from fsmond.cli import start

    return start.run(arguments)


def _discard_output() -> None:
    """Discard what Python would flush to standard output at exit."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _exit_at_once(status: int) -> "NoReturn":
    if sys.platform == "win32":
        from os import _exit  # already loaded on Windows
    else:
        from posix import _exit
    _exit(status)
