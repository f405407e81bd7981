"""The state of one tree that the parts of a monitor share, and the lock that guards it.

What only one part uses is not here: it belongs to that part.
"""

import threading
from collections.abc import Sequence
from typing import Protocol

from fsmond.index.sharing import Job, Made
from fsmond.index.tree import Changed, Index
from fsmond.journal.history import Journal
from fsmond.monitor.change_recorder import ChangeRecorder
from fsmond.watching.contract import Watcher


class StoppedError(Exception):
    """The monitor is being stopped; work ends without a result."""


class Kept:
    """What is stored with the history and has nothing to do with paths; TreeState's lock guards it.

    The version grows with each change.
    """

    def __init__(self) -> None:
        self.cursors: dict[str, str] = {}
        """Names that clients gave to tokens."""
        self.ignore_rules = ""
        """By which rules, outside of the tree, paths were last ignored."""
        self.version = 0


class Store(Protocol):
    """Where the index is stored; see HistoryStore."""

    @property
    def wants_everything(self) -> bool:
        """Whether the next `note_index` should have all records; any thread."""

    def note_index(self, indexed: int, changed: Changed) -> None:
        """Take records that are true as of a sequence; the lock is held."""


class Helper(Protocol):
    """Another process that compares parts of the tree; see HelperProcess."""

    @property
    def is_spent(self) -> bool:
        """Whether it had work, or was stopped: it takes no more."""

    @property
    def is_over(self) -> bool:
        """Whether it will report nothing more."""

    def offer(self, job: Job) -> bool:
        """Give it its work, not yet to be begun; return whether it has it."""

    def begin(self) -> None:
        """Have it begin."""

    def reports(self, timeout: float) -> Sequence[tuple[int, list[bytes] | None, Sequence[Made]]]:
        """Return what it reported since the last call; wait for that, at most so many seconds.

        The number of a part, and the directories in it that must be looked at: None if the part was
        only begun.  And the records that it made of others.
        """

    def stop(self) -> None:
        """End it.  Harmless when repeated; any thread."""


class TreeState:
    """Shared by Monitor, IndexWorker, Reconciler and Confirmation; see monitor.py for threads."""

    watcher: Watcher
    """Reports changes; Watcher says which calls need the lock.  Set by Monitor."""

    def __init__(self, root: bytes, index: Index, journal: Journal) -> None:
        self.lock = threading.Lock()
        self.journal = journal
        """Which paths changed, and when; guarded by the lock."""
        self.index = index
        """What the tree looked like; changed by the index worker's thread alone, with no lock."""
        self.recorder = ChangeRecorder(root, index, journal)
        """Records changes in the journal, under every name of a file; guarded by the lock."""
        self.indexed = 0
        """The sequence as of which the index's records are true; guarded by the lock."""
        self.losses = 0
        """How many times events were lost; guarded by the lock."""
        self.to_recheck: dict[bytes, int] = {}
        """Directories to compare before the next answer, without those below; guarded by the lock.

        The number changes when a directory is added again.
        """
        self.unanswered: list[bytes] = []
        """Prefixes not compared in time; replaced by the index worker's thread, read by any."""
        self.kept = Kept()
        self.store: Store | None = None
        """Where the index is stored, if anywhere; set before the threads start."""
        self.helper: Helper | None = None
        """A second process for the first comparison after a start, if there is one; set likewise.

        Used by the index worker's thread, except its `stop`.
        """
        self.has_early_tokens = False
        """Whether tokens were issued before the whole tree was compared with the index.

        Set before they are, on any thread; reset by the index worker's thread.
        """
        self.flush_is_due = False
        """Whether all tokens are to become invalid before the next answer; any thread sets it."""
        self.is_stopping = False
        """Whether all work is to end soon; set and read on any thread."""
