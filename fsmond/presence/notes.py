"""Which daemons this user has, of any tree: each has a note in the user's folder while it runs.

A note only says where to ask.  Whether a daemon runs there is known by asking; a note that is left
after a crash is removed by whoever finds nobody there.
"""

import contextlib
import os
from collections.abc import Iterator

from fsmond.errors import PathError
from fsmond.folders import make, runtime_folders
from fsmond.git.worktree import RefusedError, read
from fsmond.rendezvous import Place, name_of

_SUFFIX = ".place"
_SEPARATOR = b"\0"  # between a place's arguments; no path contains it
_MAX_NOTE = 1 << 16  # bytes
_MAX_NOTES = 10_000  # that are read


class Note:
    """A daemon's own note; written by `keep`, and again if somebody removed it."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._path: str | None = None  # found at the first tick: a client waits for the start
        self._is_first = True

    def keep(self) -> None:
        """Write the note unless it is there; to be called at each tick."""
        if self._is_first:
            self._is_first = False
            with contextlib.suppress(PathError, OSError):  # else no list has this daemon
                self._path = os.path.join(runtime_folders()[0], _name(self._place))
        if self._path is not None and not os.path.lexists(self._path):
            with contextlib.suppress(OSError):  # a full disk; the next tick tries again
                self._write(self._path)

    def remove(self) -> None:
        """Remove it; a later daemon at the same socket writes its own again."""
        if self._path is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._path)

    def _write(self, path: str) -> None:
        make(os.path.dirname(path))
        arguments = map(os.fsencode, self._place.as_arguments())
        new = f"{path}.new"  # always the same: what a crash leaves is written over
        with open(new, "wb") as file:
            file.write(_SEPARATOR.join(arguments))
        os.replace(new, path)


def noted() -> Iterator[Place]:
    """Yield the places of all notes, also of daemons that have ended; raise PathError."""
    for folder in runtime_folders():
        with contextlib.suppress(OSError):
            names = sorted(name for name in os.listdir(folder) if name.endswith(_SUFFIX))
            for name in names[:_MAX_NOTES]:
                place = _read(os.path.join(folder, name))
                if place is not None and _name(place) == name:
                    yield place


def forget(place: Place) -> None:
    """Remove a note; harmless if its daemon runs: it writes another one."""
    with contextlib.suppress(PathError):
        for folder in runtime_folders():
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(folder, _name(place)))


def _name(place: Place) -> str:
    return name_of(place.socket) + _SUFFIX


def _read(path: str) -> Place | None:
    try:
        parts = read(os.fsencode(path), _MAX_NOTE).split(_SEPARATOR)
        return Place.from_arguments([os.fsdecode(part) for part in parts])
    except (RefusedError, OSError, ValueError):
        return None
