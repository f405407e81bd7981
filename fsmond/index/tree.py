"""The records of all directories of a tree, compared with it."""

import errno
import os
import sys
from collections.abc import Container, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from stat import S_ISDIR
from typing import NamedTuple

from fsmond.index.clock import Clock
from fsmond.index.difference import ANY_NAME, Difference, Kind, differences
from fsmond.index.fine_times import fine_device
from fsmond.index.reading import COARSE, Identity, Moment, Snapshot, may_be_after, read

if sys.platform == "win32":
    from fsmond.index.opening_windows import DirectoryOpener
else:
    from fsmond.index.opening_unix import DirectoryOpener
from fsmond.index.record import (
    DIRECTORY,
    KIND,
    LINKED,
    UNREAD,
    directories_and_sample,
    has_links,
    holds_any,
    holds_name,
    may_have_had_transient_names,
    subdirectories,
    unpack,
    without_racy_marks,
)
from fsmond.index.status import lstat, stat

_NO_ACCESS = frozenset({errno.EACCES, errno.EPERM})
_NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
_ARRIVALS = (Kind.NEW, Kind.REPLACED)


class Comparison(NamedTuple):
    """The result of comparing one directory with its record."""

    prefix: bytes
    differences: list[Difference]
    subdirectories: list[tuple[bytes, Identity]]
    """The prefix of each subdirectory, and its device and inode."""
    recent: list[bytes]
    """Paths that may have changed after the index's `since`, without directories."""
    names_changed: bool
    """Whether names in it may have appeared or vanished after `since`."""
    has_links: bool
    """Whether files in it have, or had, other names as well."""
    may_have_had_transient_names: bool = False
    """Whether names may have appeared since the last comparison, and vanished again."""


class Changed(NamedTuple):
    """Records by prefix; None if a directory has none any longer."""

    records: dict[bytes, bytes | None]
    is_everything: bool
    """Whether all other directories have no record."""


class Index:
    """What each directory of a tree looked like when it was compared last; not thread-safe.

    A directory is identified by its prefix: the path relative to the root, ending in `/`; empty for
    the root.  Left out are the paths in `excluded`, the contents of each `.git` below the root, and
    names in the root that begin with `reserved`.
    """

    def __init__(
        self,
        root: bytes,
        excluded: Iterable[bytes] = (),
        reserved: bytes | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self._base = root.rstrip(b"/") + b"/"
        self.root = root
        self.excluded = list(excluded)
        self.reserved = reserved
        self._opener = DirectoryOpener(self._base)
        self._reserved = reserved and os.fsdecode(reserved)
        self._excluded: dict[bytes, set[str]] = {}
        for path in self.excluded:
            folder, slash, name = path.rpartition(b"/")
            self._excluded.setdefault(folder + slash, set()).add(os.fsdecode(name))
        self._records: dict[bytes, bytes] = {}
        # Directories whose records changed since `take_changed`; None: perhaps all.
        self._changed: set[bytes] | None = None
        # The root's device, while restored records are compared for the first time.
        self._believed_device: int | None = None
        self._restored_since: int | None = None  # the start, until then
        # Directories with times in the future: a hash of the record, and when it was first seen.
        self._future_times: dict[bytes, tuple[int, int]] = {}
        self._fine_device: int | None = None
        self.skipped: frozenset[bytes] = frozenset()
        """Prefixes of directories that are left out; not even their own status is read."""
        self.since: int | None = None
        """If set: report only what may have changed after it; nanoseconds since the epoch."""
        self.unconfirmed: set[bytes] = set()
        """New paths found by comparisons, before the events until then were read.

        The owner clears it, with the lock held under which other threads read it.
        """

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, prefix: bytes) -> bool:
        return prefix in self._records

    def prove_times(self) -> None:
        """Find out whether what changes right after it was compared gets other times.

        Then it need not be reported again.  That is tried in what is left out, as nobody sees it.
        """
        self._fine_device = fine_device(self.root, [self._base + each for each in self.excluded])

    def prefixes(self) -> list[bytes]:
        """Return the prefixes of all known directories; may be called on any thread."""
        return list(self._records)

    def paths_in(self, prefix: bytes) -> list[bytes]:
        """Return the paths known to be in a directory; may be called on any thread."""
        return [prefix + name for name in unpack(self._records.get(prefix, UNREAD)).names]

    def holds(self, path: bytes) -> bool:
        """Return whether a path is recorded, and confirmed; may be called on any thread."""
        if path in self.unconfirmed:
            return False
        at = path.rfind(b"/", 0, -1) + 1
        record = self._records.get(path[:at])
        return record is not None and holds_name(record, path[at:])

    def known_in(self, prefix: bytes) -> tuple[list[bytes], bytes | None] | None:
        """Return the names of the known subdirectories, and that of a file; on any thread.

        None if the directory is unknown, or could not be read.
        """
        record = self._records.get(prefix)
        return directories_and_sample(record) if record else None

    def restore(self, records: Mapping[bytes, bytes]) -> None:
        """Take over records that were stored; the tree may have changed since.

        Those of directories on another device than the root are not believed: another file system
        may be mounted there by now.  Call `end_restore` after all were compared.  Raise OSError if
        the root cannot be read.
        """
        with self._opener:
            self._believed_device = stat(self._opener.open(b"", strictly=True)).st_dev
        self._restored_since, self.since = self.since, None
        self._records = dict(records)
        self._changed = set()

    def end_restore(self) -> None:
        """Note that all restored records were compared with the tree."""
        self._believed_device = self._restored_since = None

    def take_changed(self, *, everything: bool = False) -> Changed:
        """Return the records that changed since the last call; on the thread that compares.

        `everything`: return all of them.
        """
        changed, self._changed = self._changed, set()
        if everything or changed is None:
            stored = {each: self._stored(each) for each in self._records}
            return Changed(stored, is_everything=True)
        return Changed({each: self._stored(each) for each in changed}, is_everything=False)

    @property
    def is_in_doubt(self) -> bool:
        """Whether times in the future keep anything from being judged by its record."""
        return bool(self._future_times)

    @property
    def records(self) -> Mapping[bytes, bytes]:
        """The records by prefix; to be read on the thread that compares."""
        return self._records

    def note_all_changed(self) -> None:
        """Have `take_changed` return everything: what it returned last was not stored."""
        self._changed = None

    def _stored(self, prefix: bytes) -> bytes | None:
        # A later change may get the same times, if those are in the future now.
        return None if prefix in self._future_times else self._records.get(prefix)

    def walk(
        self, tops: Iterable[bytes], *, skip: frozenset[bytes] = frozenset()
    ) -> Iterator[Comparison]:
        """Compare directories and everything below them, except those in `skip`; yield each result.

        Raise OSError if the root itself cannot be read.
        """
        pending: list[tuple[bytes, Identity | None]] = [(top, None) for top in tops]
        with self._opener:
            while pending:
                prefix, identity = pending.pop()
                if prefix not in skip:
                    comparison = self._compare(prefix, identity)
                    pending += comparison.subdirectories
                    yield comparison

    def exists(self, path: bytes) -> bool:
        """Return whether a path exists now: a directory if it ends in `/`, else any other file."""
        try:
            mode = lstat(self._base + path.removesuffix(b"/")).st_mode
        except OSError:
            return False
        return S_ISDIR(mode) == path.endswith(b"/")

    def compare(self, prefix: bytes) -> Comparison:
        """Compare one directory with its record; record it as it is now."""
        with self._opener:
            return self._compare(prefix, None)

    def _compare(self, prefix: bytes, identity: Identity | None) -> Comparison:
        try:
            snapshot, names_changed = self._read(prefix, identity)
        except OSError as error:
            if not prefix:
                raise
            found = self._mark_unreadable(prefix, error)
            return Comparison(prefix, found, [], [], True, True, may_have_had_transient_names=True)
        gone = self._forget_unbelieved(prefix, snapshot.device)
        before = UNREAD if gone else self._records.get(prefix)
        # While the index is built everything is new, and only what changed after `since` matters.
        is_relevant = self.since is None or names_changed
        found = differences(prefix, before or UNREAD, snapshot.record) if is_relevant else []
        if before == UNREAD:
            found = _as_uncertain([*gone, *found, Difference(prefix, Kind.CHANGED)])
        if before != snapshot.record:
            self.keep(prefix, snapshot.record, found)
        if before and found:
            for name in subdirectories(before):
                if name not in snapshot.directories:
                    found += self.forget(prefix + name)
        return Comparison(
            prefix,
            found,
            [
                (prefix + name, each)
                for name, each in snapshot.directories.items()
                if name != b".git/"
            ],
            [prefix + name for name in snapshot.recent],
            names_changed,
            has_links(snapshot.record) or has_links(before or UNREAD),
            may_have_had_transient_names(before or UNREAD, snapshot.record),
        )

    def keep(self, prefix: bytes, record: bytes, found: Iterable[Difference]) -> None:
        """Put a record in the place of the one that the index has, if any; `found`: what differs.

        On the thread that compares.
        """
        # First, as other threads ask for the record's names.
        self.unconfirmed.update(each.path for each in found if each.kind in _ARRIVALS)
        self._records[prefix] = record
        if self._changed is not None:
            self._changed.add(prefix)

    def forget(self, prefix: bytes) -> list[Difference]:
        """Drop the records of a directory that is gone; return what is gone with it."""
        found = []
        pending = [prefix]
        while pending:
            prefix = pending.pop()
            record = self._records.pop(prefix, UNREAD)
            self._future_times.pop(prefix, None)
            if self._changed is not None:
                self._changed.add(prefix)
            found += differences(prefix, record, UNREAD)
            pending += [prefix + name for name in subdirectories(record)]
        return found

    def links(self, known: AbstractSet[int]) -> dict[int, set[bytes]]:
        """Return the names of all files that have several, and of the files in `known`.

        A file is identified by the lower 32 bits of its inode number.
        """
        found: dict[int, set[bytes]] = {inode: set() for inode in known}
        for record in self._records.values():
            if has_links(record):
                _, signatures, numbers = unpack(record)
                pairs = zip(signatures, numbers, strict=True)
                found.update((inode, set()) for signature, inode in pairs if signature & LINKED)
        for prefix in self._records if found else ():
            for inode, path in self.named(prefix, found.keys()):
                found[inode].add(path)
        return found

    def named(self, prefix: bytes, inodes: AbstractSet[int]) -> list[tuple[int, bytes]]:
        """Return the inode and path of each of these files in a directory; on any thread."""
        # Not by LINKED: when this name was recorded, it may have been the file's only one.
        record = self._records.get(prefix, UNREAD)
        if not holds_any(record, inodes):
            return []
        names, signatures, found = unpack(record)
        entries = zip(names, signatures, found, strict=True)
        return [
            (inode, prefix + name)
            for name, signature, inode in entries
            if inode in inodes and signature & KIND != DIRECTORY
        ]

    def _read(self, prefix: bytes, identity: Identity | None) -> tuple[Snapshot, bool]:
        now = self.clock.read()
        handle = self._opener.open(prefix, strictly=identity is None)
        status = stat(handle)
        # Do not read a different directory: a link above it may lead out of the tree by now.
        if identity is not None and (status.st_dev, status.st_ino) != identity:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        since = next(each for each in (self.since, self._restored_since, now) if each is not None)
        excluded = self._excluded_in(prefix)
        moment = Moment(now, since, self._fine_device)
        snapshot = read(handle, status, moment, excluded)
        if self.clock.read() < now:
            # What changed in between has a time that is too old, and may change again without
            # getting a new one.
            snapshot = read(handle, status, moment._replace(now=0), excluded)
        if snapshot.has_future_times or self._future_times:
            snapshot = self._without_lasting_racy_marks(prefix, snapshot)
        return snapshot, may_be_after(status.st_ctime_ns, since)

    def _excluded_in(self, prefix: bytes) -> Container[str]:
        """Return the names in a directory that are left out."""
        excluded: set[str] = self._excluded.get(prefix, set())
        if self.skipped:
            paths = [path[len(prefix) : -1] for path in self.skipped if path.startswith(prefix)]
            excluded = excluded | {os.fsdecode(name) for name in paths if b"/" not in name}
        if prefix or not self._reserved:
            return excluded
        return _ExcludedNames(excluded, self._reserved)

    def _without_lasting_racy_marks(self, prefix: bytes, snapshot: Snapshot) -> Snapshot:
        """Remove the racy marks if the directory has been the same for a while.

        Times may be ahead of our clock for hours, if our clock was set back, or if the times come
        from another machine.
        """
        before = self._future_times.pop(prefix, None)
        if not snapshot.has_future_times:
            return snapshot
        now = self.clock.steady()
        content, since = hash(snapshot.record), now
        if before is not None and before[0] == content:
            since = before[1]
        self._future_times[prefix] = content, since
        if now <= since + COARSE:
            return snapshot
        return snapshot._replace(record=without_racy_marks(snapshot.record))

    def _forget_unbelieved(self, prefix: bytes, device: int) -> list[Difference]:
        """Drop what was restored for a directory on another device; return what is gone with it."""
        if self._believed_device in (None, device):
            return []
        return [Difference(prefix, Kind.CHANGED), *self.forget(prefix)]

    def _mark_unreadable(self, prefix: bytes, error: OSError) -> list[Difference]:
        """Record that a directory cannot be read; anything in it may have changed."""
        found = self.forget(prefix)
        if error.errno in _NOT_THERE:
            return found
        self._records[prefix] = UNREAD  # `forget` noted that it changed
        found.append(Difference(prefix, Kind.CHANGED))
        if error.errno not in _NO_ACCESS:  # without access Git cannot list it either
            found.append(Difference(prefix + ANY_NAME, Kind.CHANGED))
        return _as_uncertain(found)


class _ExcludedNames:
    """These names, and all that begin with the reserved string."""

    def __init__(self, names: Container[str], reserved: str) -> None:
        self._names = names
        self._reserved = reserved

    def __contains__(self, name: object) -> bool:
        return name in self._names or str(name).startswith(self._reserved)


def _as_uncertain(found: list[Difference]) -> list[Difference]:
    return [each._replace(kind=Kind.CHANGED, is_certain=False) for each in found]
