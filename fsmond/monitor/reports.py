"""Take what the watcher and the index worker report about a tree."""

import os
from collections.abc import Callable, Collection, Iterable, Mapping

from fsmond.journal.token import SESSION_DIGITS
from fsmond.monitor.index_worker import IndexWorker
from fsmond.monitor.kinds import Names, note_names
from fsmond.monitor.resyncs import Resyncs
from fsmond.monitor.tree_state import TreeState


class Reports:
    """The Sink of the watcher, and the Owner of the index worker.

    The lock is held during all calls, but not always for `gone`.
    """

    def __init__(self, tree: TreeState, *, note_time: Callable[[], None]) -> None:
        self.ended: str | None = None
        """Why the tree cannot be watched any longer; None as long as it can."""
        self.on_end: Callable[[], None] = lambda: None
        """Called when `ended` is set, on any thread, with the lock held or not; must not block."""
        self.resyncs = Resyncs()
        self.index_worker: IndexWorker
        """Set by Monitor, before anything is reported."""
        self._tree = tree
        self._journal = tree.journal
        self._recorder = tree.recorder
        self._note_time = note_time

    def changed(self, paths: Collection[bytes], names: Names | None = None) -> None:
        """See Sink."""
        self._recorder.record(paths)
        if names:
            note_names(self._tree, names)

    def appeared(self, paths: Iterable[bytes]) -> None:
        """See Sink."""
        self._recorder.note_new(paths)

    def changed_elsewhere(self, files: Mapping[int, bytes]) -> None:
        """See Sink."""
        self._recorder.note_elsewhere(files)

    def recheck(self, prefix: bytes) -> None:
        """See Sink."""
        self.index_worker.note_recheck(prefix)

    def moved(self, old: bytes, new: bytes) -> None:
        """See Sink."""
        self._recorder.note_moved(old, new)

    def prepare(self, deadline: float) -> bool:
        """See Sink."""
        return not self.index_worker.built or self._recorder.check_ahead(deadline)

    def caught_up(self) -> None:
        """See Sink."""
        self._journal.settle()

    def lost(self, detail: str) -> None:
        """See Sink."""
        self.resyncs.note(detail)
        self.index_worker.note_lost()

    def covered(self) -> None:
        """See Sink."""
        self.index_worker.note_covered()
        self._journal.settle()
        self._note_time()

    def gone(self, detail: str) -> None:
        """See Sink."""
        self.ended = detail
        self.on_end()

    def begin_session(self, reason: str) -> None:
        """See Owner."""
        self._tree.flush_is_due = False
        self._journal.restart(new_session(), reason)


def new_session() -> str:
    """Return a session that no other daemon has."""
    return os.urandom(SESSION_DIGITS // 2).hex()
