"""Where the server is, what it stores, and the `watchman` command that clients find."""

import os
import sys
from shlex import quote
from typing import NamedTuple

from fsmond.folders import make, runtime_folders
from fsmond.isolation import INSTALL_PATH
from fsmond.process.spawn import interpreter
from fsmond.watchman.files import replace

SOCKET_VARIABLE = "WATCHMAN_SOCK"
"""How clients are told where the server is."""
_PIPE = r"\\.\pipe\fsmond-watchman-"
_MODE = 0o700
_SCRIPT = """#!/bin/sh
exec {python} -I -X utf8 -c {program} {install} "$@"
"""
_WINDOWS_SCRIPT = """@"{python}" -I -X utf8 -c "{program}" "{install}" %*
"""
PROGRAM = (
    "import sys; sys.path.append(sys.argv.pop(1)); "
    "from fsmond.watchman.program import main; sys.exit(main(sys.argv[1:]))"
)
"""Run without the current directory and the environment's packages: anybody's could be first."""


class Places(NamedTuple):
    """The files of one user's server."""

    socket: str
    """A Unix socket, or on Windows the name of a pipe."""
    folder: str
    """Private, for the lock and the log."""
    state: str
    """Which directories are watched."""
    programs: str
    """A folder for PATH."""

    @property
    def log(self) -> str:
        """What the server logs."""
        return os.path.join(self.folder, "log")


def default_places() -> Places:
    """Return where this user's server is; make the folders.  Raise OSError or PathError."""
    from platformdirs import user_state_dir

    base = runtime_folders()[0]
    folder = os.path.join(base, "watchman")
    make(folder)
    programs = os.path.join(folder, "bin")
    make(programs)
    state = user_state_dir("fsmond", appauthor=False)
    os.makedirs(state, mode=0o700, exist_ok=True)
    if sys.platform == "win32":
        socket = _PIPE + os.path.basename(os.path.expanduser("~"))
    else:
        socket = os.path.join(folder, "sock")
    return Places(socket, folder, os.path.join(state, "watchman.json"), programs)


def shell_lines(socket: str, folder: str) -> list[str]:
    """Return what a shell has to run, so that clients find the server and the command."""
    if sys.platform == "win32":
        return [
            f'$env:{SOCKET_VARIABLE} = "{socket}"',
            f'$env:PATH = "{folder}{os.pathsep}$env:PATH"',
        ]
    return [f"export {SOCKET_VARIABLE}={quote(socket)}", f'export PATH={quote(folder)}:"$PATH"']


def named_socket(socket: str | None, pipe: str | None) -> str:
    """Return where the server is that a client means; clients that run everywhere name both."""
    given = pipe if sys.platform == "win32" else socket
    return given or os.environ.get(SOCKET_VARIABLE) or default_places().socket


def make_program() -> str:
    """Make the command `watchman`; return the folder that holds it.  Raise OSError."""
    folder = default_places().programs
    is_windows = sys.platform == "win32"
    path = os.path.join(folder, "watchman.cmd" if is_windows else "watchman")
    words = {"python": interpreter(), "program": PROGRAM, "install": INSTALL_PATH}
    if is_windows:
        text = _WINDOWS_SCRIPT.format(**words)
    else:
        text = _SCRIPT.format(**{name: quote(word) for name, word in words.items()})
    replace(path, [text.encode(errors="surrogateescape")], _MODE)
    return folder
