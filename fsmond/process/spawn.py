"""Start a daemon's process.  Only Python's own modules are imported: a hook may have no others.

What runs there depends on where Python and this package are, and on nothing else of the process
that starts it: the daemon also serves clients that have another environment.
"""

import os
import sys

from fsmond.errors import StartError
from fsmond.isolation import INSTALL_PATH, is_tainted, libraries, scrubbed
from fsmond.rendezvous import Place

if sys.platform == "win32":
    from fsmond.process.spawn_windows import Child
else:
    from fsmond.process.spawn_unix import Child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ("Child", "fork", "interpreter", "program_file", "spawn")

_INTERPRETER_NAMES = ("python", "pypy")  # prefixes of an interpreter's file name
# -I: ignore the environment, the current directory and the user's own packages.
_PYTHON_OPTIONS = ("-I", "-X", "utf8")
# An archive is not run itself: its entry point may be another program's.
_FROM_ARCHIVE = (
    "import sys; sys.path.append(sys.argv.pop(1)); from fsmond.entry_point import run; run()"
)


def spawn(place: Place, *, replace: bool = False, output: int | None = None) -> Child:
    """Start the process whose child becomes the daemon; see detach.READY for its output.

    `output`: a descriptor for its output, if the caller does not read it.  Raise StartError.
    """
    file = program_file()
    program = [file] if file else ["-c", _FROM_ARCHIVE, INSTALL_PATH]
    library_options = [f"--library={each}" for each in libraries(os.fsdecode(place.root))]
    arguments = [*library_options, *_arguments(place, replace=replace)]
    command = [interpreter(), *_PYTHON_OPTIONS, *program, "run", "--detached", *arguments]
    if sys.platform == "win32":  # an unread pipe does no harm there
        return Child(command, scrubbed(os.environ))
    return Child(command, scrubbed(os.environ), output)


def fork(place: Place, *, main: "Callable[[list[str]], int]", replace: bool = False) -> Child:
    """Do as `spawn`, but fork this process if possible: that saves the start of a Python.

    The fork calls `main` with the arguments that the new Python would have.  Only for programs of
    fsmond's own, which have one thread.
    """
    if sys.platform == "linux" and _is_usual():
        from fsmond.process.fork_unix import ForkedChild, has_one_thread

        if has_one_thread():
            return ForkedChild(_arguments(place, replace=replace), scrubbed(os.environ), main)
    return spawn(place, replace=replace)


def interpreter() -> str:
    """Return the path of a Python interpreter; raise StartError if none is found.

    In a program that embeds Python, `sys.executable` is that program, or empty.
    """
    for path in _interpreters():
        name = os.path.basename(path or "").lower().lstrip(".")
        is_python = name.startswith(_INTERPRETER_NAMES)
        if path and is_python and os.path.isabs(path) and os.access(path, os.X_OK):
            return path
    raise StartError(
        f"this program, {sys.executable or 'which has no name'}, has no Python interpreter that "
        "could run a daemon; start one with: fsmond start"
    )


def program_file() -> str | None:
    """Return the file that is fsmond's program; None if this package is in an archive."""
    path = os.path.join(INSTALL_PATH, "fsmond", "__main__.py")
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


def _is_usual() -> bool:
    """Return whether this Python was started as `spawn` starts one, as far as that matters."""
    return "site" in sys.modules and not is_tainted() and sys.getfilesystemencoding() == "utf-8"


def _arguments(place: Place, *, replace: bool) -> list[str]:
    return [*place.as_arguments(), *(["--replace"] if replace else [])]


_PREFIXES = tuple(dict.fromkeys((sys.exec_prefix, sys.base_exec_prefix)))
