"""Start a daemon's process.  Only Python's own is imported: a hook may have no more.

What runs there depends on where Python and this package are, and on nothing else of the process
that starts it: a daemon is asked by others, too, who have another environment.
"""

import os
import sys

from fsmond.errors import StartError
from fsmond.isolation import HOME, is_tainted, libraries, scrubbed
from fsmond.rendezvous import Place

if sys.platform == "win32":
    from fsmond.daemon.spawn_windows import Child
else:
    from fsmond.daemon.spawn_unix import Child

__all__ = ("Child", "fork", "interpreter", "program_file", "spawn")

_NAMES = ("python", "pypy")  # how those begin that a Python's program has
# -I: neither the environment, nor the current directory, nor what a user has of packages.
_ALONE = ("-I", "-X", "utf8")
# An archive is no program of ours by itself: it may begin with anything.
_FROM_ARCHIVE = "import sys; sys.path.append(sys.argv.pop(1)); from fsmond.door import run; run()"


def spawn(place: Place, *, replace: bool = False, output: int | None = None) -> Child:
    """Start the process whose child will be the daemon; see detach.READY for what it says.

    `output`: the descriptor that takes what it says, if nobody hears it.  Raises StartError.
    """
    file = program_file()
    program = [file] if file else ["-c", _FROM_ARCHIVE, HOME]
    known = [f"--library={each}" for each in libraries(os.fsdecode(place.root))]
    words = [*program, "run", "--detached", *known, *_arguments(place, replace=replace)]
    line = [interpreter(), *_ALONE, *words]
    if sys.platform == "win32":  # a pipe that nobody hears does no harm there
        return Child(line, scrubbed(os.environ))
    return Child(line, scrubbed(os.environ), output)


def fork(place: Place, *, replace: bool = False) -> Child:
    """Do as `spawn`, by a copy of this process if that can be: it need not start Python anew.

    For a program of our own, that has one thread.
    """
    if sys.platform == "linux" and _can_be_copied():
        from fsmond.daemon.copy_unix import Copy

        return Copy(_arguments(place, replace=replace), scrubbed(os.environ))
    return spawn(place, replace=replace)


def interpreter() -> str:
    """Return the path of a Python; raise StartError if there is none to be found.

    In a program that has Python inside, `sys.executable` is that program, or nothing.
    """
    for path in _interpreters():
        name = os.path.basename(path or "").lower().lstrip(".")
        if path and name.startswith(_NAMES) and os.path.isabs(path) and os.access(path, os.X_OK):
            return path
    raise StartError(
        f"this program, {sys.executable or 'which has no name'}, has no Python of its own that "
        "could run a daemon; start one by: fsmond start"
    )


def program_file() -> str | None:
    """Return the file that is our program; None if this package is in an archive."""
    path = os.path.join(HOME, "fsmond", "__main__.py")
    return path if os.path.isfile(path) else None


def _interpreters() -> list[str | None]:
    own = None if getattr(sys, "frozen", False) else sys.executable
    if sys.platform == "win32":
        places = [(folder, name, "python.exe") for folder in _PREFIXES for name in ("Scripts", "")]
    else:
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        places = [(folder, "bin", version) for folder in _PREFIXES]
    others = [os.path.join(*each) for each in places]
    return [own, *others, getattr(sys, "_base_executable", None)]


def _can_be_copied() -> bool:
    """Say whether a copy of this process would be as a process that was spawned."""
    if "site" not in sys.modules or is_tainted() or sys.getfilesystemencoding() != "utf-8":
        return False
    try:
        return len(os.listdir("/proc/self/task")) == 1  # threads might hold locks for ever
    except OSError:
        return False


def _arguments(place: Place, *, replace: bool) -> list[str]:
    return [*place.as_arguments(), *(["--replace"] if replace else [])]


_PREFIXES = tuple(dict.fromkeys((sys.exec_prefix, sys.base_exec_prefix)))
