"""Defects that the random tests must find: a test that never fails proves nothing."""

import sys
from typing import Any

assert sys.platform == "linux"

from fsmond.helping import program
from fsmond.index import reading
from fsmond.index.links import Links
from fsmond.journal.history import Entries, Journal
from fsmond.journal.lifetimes import Lifetimes
from fsmond.monitor.reconciler import Reconciler
from fsmond.storage.file import HistoryFile
from fsmond.watching.fanotify import calls as fanotify
from fsmond.watching.fanotify import records
from fsmond.watching.inotify import calls, coverage, emitter


def plant(defect: str) -> None:
    """Break fsmond in this process, permanently."""
    place: Any
    match defect:
        case "mask":  # an event is not requested
            place = calls
            place._MASK &= ~calls.MOVED_TO
        case "names":  # a directory is identified by its name, not by its watch
            place = coverage.Coverage
            watch = place._watch
            place._watch = lambda self, handle, name, prefix: (
                self._find(prefix[:-1]) or watch(self, handle, name, prefix)
            )
        case "overflow":  # the overflow is ignored
            place = emitter.InotifyEmitter
            place._overflowed_locked = lambda _: None
        case "unwatched":  # directories without a watch are not compared
            place = emitter.InotifyEmitter
            place.is_partial = False
        case "signature":  # only names are compared
            place = reading
            place.hash = lambda _: 0
        case "first-file" | "former":
            _plant_in_links(defect)
        case "renames" | "itself":
            _plant_in_fanotify(defect)
        case _:
            _plant_in_history(defect)


def _plant_in_fanotify(defect: str) -> None:
    place: Any
    match defect:
        case "renames":  # fanotify is not asked for them
            place = fanotify
            place._MASK &= ~fanotify.RENAME
        case "itself":  # what fanotify reports of a directory itself is ignored
            place = records.Records
            add = place._add
            place._add = lambda self, number, mask, name, cookie=0: (
                add(self, number, mask, name, cookie) if name else None
            )


def _plant_in_links(defect: str) -> None:
    place: Any = Links
    match defect:
        case "first-file":  # a name stays bound to the first file that had it
            bind = place.bind
            place.bind = lambda self, path, inode: (
                bind(self, path, inode) if path not in self._files else None
            )
        case "former":  # former names are forgotten
            place._put = _forgetting(place._put)


def _plant_in_history(defect: str) -> None:
    place: Any
    match defect:
        case "not-stored":  # the journal is not stored, only the index
            place = Journal
            place.entries_after = lambda *_: Entries([], [], [])
        case "not-again":  # what was reported after the index was stored is not reported again
            place = Reconciler
            restore = place.restore
            place.restore = lambda self, _, records: restore(self, 2**62, records)
        case "not-watched":  # directories that are new since the end are not watched
            place = emitter.InotifyEmitter
            place.note_found = lambda *_: None
        case "not-helped":  # the helper finds that nothing differs
            place = program
            place._changed_in = lambda *_: iter(())
        case "lifetimes":  # when a name came into being is not known
            place = Lifetimes
            place.begin = lambda *_: None
        case "any-tree":  # the history of another tree is believed
            place = HistoryFile
            read = place.read
            place.read = lambda self: self._identity.clear() or read(self)
        case _:
            sys.exit(f"no such defect: {defect}")


def _forgetting(put: Any) -> Any:
    def put_own(self: Links, path: bytes, inode: int, *, is_own: bool) -> None:
        put(self, path, inode, is_own=is_own)
        if not is_own:
            self._drop(path, inode)

    return put_own
