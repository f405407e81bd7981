"""The command `fsmond`: what Git waits for goes a short way; what people type, a comfortable one.

Imports are in functions here, as each costs the time that this file is there to save.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

# What these leave behind the system tidies up; Python would take longer for it than they take.
_BRIEF = ("hook", "query", "start")
_CLOSED = 9  # EBADF; `errno` would have to be imported


def run() -> "NoReturn":
    """Be the program: run the command that was typed, and end the process."""
    if sys.platform != "win32":
        _make_whole()
    status = main()
    if sys.argv[1:] and sys.argv[1] in _BRIEF:
        _end(status)
    raise SystemExit(status)


def main() -> int:
    """Run the command that was typed; return its exit status."""
    try:
        status = _run(sys.argv[1] if len(sys.argv) > 1 else "")
        for stream in filter(None, (sys.stdout, sys.stderr)):  # pythonw.exe has none
            stream.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _hush()  # whoever read us has enough; there is nobody to tell
        return 1
    except OSError as error:  # a full disk, as a rule
        _complain(error)
        _hush()
        return 1
    return status


def _make_whole() -> None:
    """Have standard descriptors, and notice of children's ends, whatever the parent left us."""
    import _signal  # which is loaded in any case

    if _signal.getsignal(_signal.SIGCHLD) == _signal.SIG_IGN:
        _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)  # else no exit status is to be had
    if not (sys.stdin and sys.stdout and sys.stderr):
        from fsmond.closed import occupy

        occupy()


def _complain(error: OSError) -> None:
    if sys.stderr:
        from fsmond.printable import message_of

        closed = error.errno == _CLOSED and error.filename is None
        said = "standard output is closed" if closed else message_of(error)
        sys.stderr.write(f"fsmond: {said}\n")


def _run(command: str) -> int:
    if command == "hook":
        from fsmond.cli import hook

        return hook.run(sys.argv[2:])
    if command == "query":
        from fsmond.cli import query

        return query.run(sys.argv[2:])
    if command == "start":
        from fsmond.cli import start

        return start.run(sys.argv[2:])
    if sys.argv[1:3] == ["run", "--detached"]:
        from fsmond.daemon import begin

        return begin.begin(sys.argv[3:])
    from fsmond.cli import main as commands

    return commands.run(sys.argv[1:])


def _hush() -> None:
    """Have nothing flushed to standard output at the end."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _end(status: int) -> "NoReturn":
    if sys.platform == "win32":
        from os import _exit  # which is loaded there in any case
    else:
        from posix import _exit
    _exit(status)
