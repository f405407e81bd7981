"""Look up how Git's index spells names, for case-insensitive file systems.

On such a file system, an event has the spelling by which a directory was listed or a file was
opened.  Git before 2.46 recognizes a file only by the spelling in its index.
"""

import os
import threading
from collections.abc import Iterable, Iterator

from fsmond.git.file_state import file_state
from fsmond.git.index_names import names_in

_SEPARATOR = b"\0"  # between several spellings; no name contains it


class Spellings:
    """The names in one index, read again when the index has changed.  Thread-safe."""

    def __init__(self, index: bytes) -> None:
        self._index = index
        # Guards both; held during the read, so that concurrent callers share one.
        self._lock = threading.Lock()
        self._state: tuple[int, ...] | None = None
        self._names: dict[bytes, bytes] = {}

    def with_indexed(self, paths: list[bytes]) -> list[bytes]:
        """Return the paths, followed by the other spellings that the index has of them.

        Raise ValueError or OSError if the index cannot be read or has too many names.
        """
        names = self._current()
        if not names:
            return paths
        more = (each for path in paths for each in _indexed(path, names))
        return list(dict.fromkeys([*paths, *more]))

    def _current(self) -> dict[bytes, bytes]:
        with self._lock:
            state = file_state(self._index)
            if state is None or state != self._state:
                self._state, self._names = None, {}
                self._names = _by_folded(names_in(self._index))
                self._state = state
            return self._names


def _by_folded(names: Iterable[bytes]) -> dict[bytes, bytes]:
    """Map folded names to the spellings of files, and of directories with a final `/`.

    A name that folds to itself, as most do, takes the memory of one string only.
    """
    found: dict[bytes, bytes] = {}
    last = None
    for name in names:
        _add(name, found)
        folder = name[: name.rfind(b"/") + 1]
        while folder and folder != last and _add(folder, found):
            folder = folder[: folder.rfind(b"/", 0, -1) + 1]
        last = name[: name.rfind(b"/") + 1]
    return found


def _add(name: bytes, found: dict[bytes, bytes]) -> bool:
    """Add a spelling; return whether it is new."""
    folded = _folded(name)
    before = found.get(folded)
    if before is None:
        found[folded] = name if name != folded else folded
        return True
    if name in before.split(_SEPARATOR):
        return False
    found[folded] = before + _SEPARATOR + name
    return True


def _indexed(path: bytes, names: dict[bytes, bytes]) -> Iterator[bytes]:
    """Yield the index's other spellings of a path or, if it is not there, of its parents."""
    bare = path.rstrip(b"/")
    folded = _folded(bare)
    spelled = [names[each] for each in (folded, folded + b"/") if each in names]
    if spelled:
        yield from (
            each for several in spelled for each in several.split(_SEPARATOR) if each != path
        )
        return
    at = bare.rfind(b"/") + 1
    while at:
        above = names.get(_folded(bare[:at]))
        if above is not None:
            yield from (each + path[at:] for each in above.split(_SEPARATOR) if each != bare[:at])
            return
        at = bare.rfind(b"/", 0, at - 1) + 1


def _folded(path: bytes) -> bytes:
    """Return the same bytes for all spellings that some file system treats as one name."""
    if path.isascii():
        return path.lower()
    import unicodedata  # slow to import, and rarely needed

    text = unicodedata.normalize("NFD", os.fsdecode(path)).casefold()
    return os.fsencode(unicodedata.normalize("NFD", text))
