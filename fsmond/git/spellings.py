"""How Git's index spells names, where a file is found by other spellings as well.

On a file system that folds case, what is reported is the spelling that a directory was listed
with, or a file was opened by.  Git before 2.46 knows a file by the spelling of its index only.
"""

import os
import threading
from collections.abc import Iterable, Iterator

from fsmond.git.index_names import names_in

_APART = b"\0"  # between several spellings: in no name


class Spellings:
    """Knows the names of one index, and reads them anew when that changed.  Any thread."""

    def __init__(self, index: bytes) -> None:
        self._index = index
        self._lock = threading.Lock()  # guards both; held while the index is read, once for all
        self._identity: tuple[int, ...] | None = None
        self._names: dict[bytes, bytes] = {}

    def with_indexed(self, paths: list[bytes]) -> list[bytes]:
        """Return the paths, and behind them those of which the index has another spelling.

        Raises ValueError or OSError if it cannot be read, or has too many names.
        """
        names = self._current()
        if not names:
            return paths
        more = (each for path in paths for each in _indexed(path, names))
        return list(dict.fromkeys([*paths, *more]))

    def _current(self) -> dict[bytes, bytes]:
        with self._lock:
            identity = _identity(self._index)
            if identity is None or identity != self._identity:
                self._identity, self._names = None, {}
                self._names = _by_folded(names_in(self._index))
                self._identity = identity
            return self._names


def _identity(path: bytes) -> tuple[int, ...] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _by_folded(names: Iterable[bytes]) -> dict[bytes, bytes]:
    """Return the spellings of all files and, with a `/` behind, directories, by what they fold to.

    A name that folds to itself is kept once, which is what most are.
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
    """Take a spelling; say whether it was new."""
    folded = _folded(name)
    before = found.get(folded)
    if before is None:
        found[folded] = name if name != folded else folded
        return True
    if name in before.split(_APART):
        return False
    found[folded] = before + _APART + name
    return True


def _indexed(path: bytes, names: dict[bytes, bytes]) -> Iterator[bytes]:
    """Yield how the index spells a path, or, if it does not have it, the directories above it."""
    bare = path.rstrip(b"/")
    folded = _folded(bare)
    spelled = [names[each] for each in (folded, folded + b"/") if each in names]
    if spelled:
        yield from (each for several in spelled for each in several.split(_APART) if each != path)
        return
    at = bare.rfind(b"/") + 1
    while at:
        above = names.get(_folded(bare[:at]))
        if above is not None:
            yield from (each + path[at:] for each in above.split(_APART) if each != bare[:at])
            return
        at = bare.rfind(b"/", 0, at - 1) + 1


def _folded(path: bytes) -> bytes:
    """Return what is the same for all spellings that some file system takes for one."""
    if path.isascii():
        return path.lower()
    import unicodedata  # slow to import, and seldom needed

    text = unicodedata.normalize("NFD", os.fsdecode(path)).casefold()
    return os.fsencode(unicodedata.normalize("NFD", text))
