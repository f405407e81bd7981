"""Share the listings of a tree that is being covered with another process.

It watches and lists the directories in those that we give it.  What it found is used only if
nothing can have changed it since we asked; otherwise we list the directory again ourselves.  That
is right whatever happened, since a watch that is added again is the same one:

1. An event for an unknown watch may be about a directory that it has found, and has yet to tell.
2. A watch that we remove as unknown may be one that it has found.
3. A directory in which we check a name, as an event demands, has changed.
"""

import sys

assert sys.platform == "linux"

import time
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from fsmond.watching.inotify.directory import Directory, Paths
from fsmond.watching.inotify.listing_process import Listing, ListingProcess, Look

_MIN_PENDING = 4  # listings; with fewer it would have nothing to do for long
_MAX_GIVEN = 4  # directories; as they are few, there is not much to wait for at the end
_BATCH = 2  # directories in a message
_WAIT = 0.001  # seconds of waiting with the lock held
_PATIENCE = 2.0  # seconds without an answer, after which we go on alone


class Pending(NamedTuple):
    """What has yet to be done; see Coverage."""

    checks: deque[tuple[Directory, bytes, bool]]
    listings: deque[tuple[Directory, bool]]


class SharedListings:
    """What the other process has to do, if there is one; not thread-safe, but for `reap`."""

    def __init__(self, pending: Pending, by_descriptor: dict[int, Directory], paths: Paths) -> None:
        self._pending = pending
        self._by_descriptor = by_descriptor
        self._paths = paths
        self._process: ListingProcess | None = None
        self._ended: ListingProcess | None = None  # to be reaped
        self._given: dict[int, tuple[Directory, bool]] = {}
        """What it has yet to answer, by descriptor; and whether its answer is of use."""
        self._ours: set[int] = set()  # those of which no answer was of use; not to be given again
        self._answered_at = 0.0

    @property
    def unanswered(self) -> int:
        """The number of directories that have yet to be answered; any thread."""
        return len(self._given)

    def use(self, process: ListingProcess) -> None:
        """Share with this process until `end`."""
        self._process = process

    def work(self, *, may_give: bool) -> Iterator[None] | None:
        """Give it something to do, and use what it found.

        Return None if there is nothing to use; then list something ourselves, if there is anything.
        """
        process = self._process
        if process is None:
            return None
        try:
            if may_give and len(self._given) <= _MAX_GIVEN - _BATCH:
                self._give(process)
            if not self._given:
                return None
            answer = process.answer(0.0 if self._pending.listings else _WAIT)
            if answer is not None and answer[0] not in self._given:
                raise ConnectionError("it answered what nobody asked")
        except OSError:
            self.end()
            return None
        now = time.monotonic()
        if answer is not None:
            self._answered_at = now
            return self._adopt(*answer)
        if now > self._answered_at + _PATIENCE:
            self.end()
        return None if self._pending.listings else iter(())

    def spoil(self, directory: Directory | None = None) -> None:
        """Note that a directory has changed, or that any of those may have that it was given."""
        for each in list(self._given) if directory is None else [directory.descriptor]:
            if each in self._given:
                self._given[each] = self._given[each][0], False

    def end(self) -> None:
        """Do without the process: what it has yet to answer, we list."""
        self._pending.listings.extend((each, False) for each, _ in self._given.values())
        self._given.clear()
        self._ours.clear()
        if self._process is not None:
            self._process, self._ended = None, self._process

    def reap(self) -> None:
        """Wait for the end of the process, if it is not used any longer; without the lock."""
        process, self._ended = self._ended, None
        if process is not None:
            process.stop()

    def _give(self, process: ListingProcess) -> None:
        listings = self._pending.listings
        looks: list[Look] = []
        while len(looks) < _BATCH and len(listings) >= _MIN_PENDING:
            directory, reporting = listings[-1]
            if reporting or directory.children or directory.gaps or directory.parent is None:
                break
            listings.pop()
            if directory.descriptor in self._given or directory.descriptor in self._ours:
                listings.appendleft((directory, False))
                break
            self._given[directory.descriptor] = directory, True
            looks.append(Look(directory.descriptor, directory.prefix))
        if looks:
            if len(looks) == len(self._given):
                self._answered_at = time.monotonic()
            process.ask(looks)

    def _adopt(self, descriptor: int, found: Listing | None) -> Iterator[None]:
        """Take over what was found in a directory, or have it listed again."""
        directory, is_good = self._given.pop(descriptor)
        if directory.children or directory.gaps or descriptor not in self._by_descriptor:
            is_good = False
        if found is None or not is_good:
            self._ours.add(descriptor)
            self._pending.listings.append((directory, False))
            return
        if directory.sample_name is None:
            directory.sample_name = found.sample_name
        for name, number, sample_name, is_leaf in found.children:
            if number in self._by_descriptor:
                self._pending.checks.append((directory, name, True))
                continue
            child = self._by_descriptor[number] = Directory(number, self._paths)
            child.attach(directory, name)
            child.sample_name = sample_name
            if not is_leaf:
                self._pending.listings.append((child, False))
        self._pending.checks.extend((directory, name, True) for name in found.others)
        yield
