"""The records of a tree's directories, compared with it."""

import errno
import os
import sys
from collections.abc import Container, Iterable, Iterator
from collections.abc import Set as AbstractSet
from stat import S_ISDIR
from typing import NamedTuple

from fsmond.index.clock import Clock
from fsmond.index.difference import ANY_NAME, Difference, Kind, differences
from fsmond.index.reading import COARSE, Identity, Seen, may_be_after, read

if sys.platform == "win32":
    from fsmond.index.opening_windows import Opening
else:
    from fsmond.index.opening_unix import Opening
from fsmond.index.record import (
    DIRECTORY,
    KIND,
    LINKED,
    UNREAD,
    calmed,
    has_links,
    holds_any,
    may_have_had_others,
    subdirectories,
    unpack,
)
from fsmond.index.status import lstat, stat

_NO_ACCESS = frozenset({errno.EACCES, errno.EPERM})
_NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


class Look(NamedTuple):
    """What a look at one directory told."""

    prefix: bytes
    differences: list[Difference]
    below: list[tuple[bytes, Identity]]
    """The directories in it: prefixes, and which ones they are."""
    recent: list[bytes]
    """What, but directories, may have changed after the index's `since`."""
    stirred: bool
    """Names may have come to it, or gone, after that."""
    has_links: bool
    """Files in it have, or had, other names as well."""
    may_have_had_others: bool = False
    """Names may have come to it since it was looked at last, and gone again."""


class Index:
    """What a tree looked like when each of its directories was looked at last.

    Not thread-safe.  Directories are named by their prefix: the path relative to the root, with a
    `/` behind; nothing for the root.  What is in `excluded` (paths), and in a `.git` below the
    root, is left out; so is what has a name in the root that begins with `own`.
    """

    def __init__(
        self,
        root: bytes,
        excluded: Iterable[bytes] = (),
        own: bytes | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self._base = root.rstrip(b"/") + b"/"
        self.root = root
        self._opening = Opening(self._base)
        self._own = own and os.fsdecode(own)
        self._hidden: dict[bytes, set[str]] = {}
        for path in excluded:
            folder, slash, name = path.rpartition(b"/")
            self._hidden.setdefault(folder + slash, set()).add(os.fsdecode(name))
        self._records: dict[bytes, bytes] = {}
        # Directories with times that are still to come: a hash of what was seen, and when first.
        self._ahead: dict[bytes, tuple[int, int]] = {}
        self.passed_over: frozenset[bytes] = frozenset()
        """Prefixes of directories that are not looked at, not even at what they are."""
        self.since: int | None = None
        """Nanoseconds since the epoch: only what may have changed since then is told, if given."""

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, prefix: bytes) -> bool:
        return prefix in self._records

    def prefixes(self) -> list[bytes]:
        """Return all directories that are known; may be called on any thread."""
        return list(self._records)

    def paths_in(self, prefix: bytes) -> list[bytes]:
        """Return the paths of what is known to be in a directory; may be called on any thread."""
        return [prefix + name for name in unpack(self._records.get(prefix, UNREAD)).names]

    def walk(
        self, tops: Iterable[bytes], *, besides: frozenset[bytes] = frozenset()
    ) -> Iterator[Look]:
        """Compare directories, with all below them but those in `besides`; yield each look.

        Raises OSError if the root itself can't be looked at.
        """
        pending: list[tuple[bytes, Identity | None]] = [(top, None) for top in tops]
        with self._opening:
            while pending:
                prefix, identity = pending.pop()
                if prefix not in besides:
                    look = self._look(prefix, identity)
                    pending += look.below
                    yield look

    def is_there(self, path: bytes) -> bool:
        """Say whether something is at a path, now, of the kind that the path says."""
        try:
            mode = lstat(self._base + path.removesuffix(b"/")).st_mode
        except OSError:
            return False
        return S_ISDIR(mode) == path.endswith(b"/")

    def look(self, prefix: bytes) -> Look:
        """Compare one directory, and remember it as it is now."""
        with self._opening:
            return self._look(prefix, None)

    def _look(self, prefix: bytes, identity: Identity | None) -> Look:
        try:
            seen, stirred = self._read(prefix, identity)
        except OSError as error:
            if not prefix:
                raise
            found = self._unread(prefix, error)
            return Look(prefix, found, [], [], True, True, may_have_had_others=True)
        before = self._records.get(prefix)
        # When the index is made all is new, and only what may have changed since then matters.
        told = self.since is None or stirred
        found = differences(prefix, before or UNREAD, seen.record) if told else []
        if before == UNREAD:
            found = _doubtful([*found, Difference(prefix, Kind.CHANGED)])
        self._records[prefix] = seen.record
        if before and found:
            for name in subdirectories(before):
                if name not in seen.directories:
                    found += self.forget(prefix + name)
        return Look(
            prefix,
            found,
            [(prefix + name, each) for name, each in seen.directories.items() if name != b".git/"],
            [prefix + name for name in seen.recent],
            stirred,
            has_links(seen.record) or has_links(before or UNREAD),
            may_have_had_others(before or UNREAD, seen.record),
        )

    def forget(self, prefix: bytes) -> list[Difference]:
        """Drop what is known of a directory that is gone; return what is gone with it."""
        found = []
        pending = [prefix]
        while pending:
            prefix = pending.pop()
            record = self._records.pop(prefix, UNREAD)
            self._ahead.pop(prefix, None)
            found += differences(prefix, record, UNREAD)
            pending += [prefix + name for name in subdirectories(record)]
        return found

    def links(self, known: AbstractSet[int]) -> dict[int, set[bytes]]:
        """Return the names of all files that have several, and of those that are `known` to.

        A file is known by the lower 32 bits of its inode.
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
        """Return the names of these files in a directory, each with the inode; on any thread."""
        # A file's other name may have been looked at when it was the only one.
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

    def _read(self, prefix: bytes, identity: Identity | None) -> tuple[Seen, bool]:
        now = self.clock.read()
        since = now if self.since is None else self.since
        handle = self._opening.open(prefix, strictly=identity is None)
        status = stat(handle)
        # Another one is not looked into: a link above it may lead out of the tree by now.
        if identity is not None and (status.st_dev, status.st_ino) != identity:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        hidden = self._hidden_in(prefix)
        seen = read(handle, status, now, since, hidden)
        if self.clock.read() < now:
            # What changed in between has an older time than it seems, and may change once more
            # without a new one.
            seen = read(handle, status, 0, since, hidden)
        if seen.is_ahead or self._ahead:
            seen = self._without_needless_doubt(prefix, seen)
        return seen, may_be_after(status.st_ctime_ns, since)

    def _hidden_in(self, prefix: bytes) -> Container[str]:
        """Return the names in a directory that are left out."""
        hidden: set[str] = self._hidden.get(prefix, set())
        if self.passed_over:
            paths = [path[len(prefix) : -1] for path in self.passed_over if path.startswith(prefix)]
            hidden = hidden | {os.fsdecode(name) for name in paths if b"/" not in name}
        return hidden if prefix or not self._own else _Hidden(hidden, self._own)

    def _without_needless_doubt(self, prefix: bytes, seen: Seen) -> Seen:
        """Call nothing racy that has the times which it had a while ago.

        Times may be ahead of our clock for hours, if that was set back, or is another machine's.
        """
        before = self._ahead.pop(prefix, None)
        if not seen.is_ahead:
            return seen
        now = self.clock.steady()
        content, since = hash(seen.record), now
        if before is not None and before[0] == content:
            since = before[1]
        self._ahead[prefix] = content, since
        return seen._replace(record=calmed(seen.record)) if now > since + COARSE else seen

    def _unread(self, prefix: bytes, error: OSError) -> list[Difference]:
        """Have nothing promised of a directory that can't be read; it may have changed."""
        found = self.forget(prefix)
        if error.errno in _NOT_THERE:
            return found
        self._records[prefix] = UNREAD
        found.append(Difference(prefix, Kind.CHANGED))
        if error.errno not in _NO_ACCESS:  # else nobody can list it
            found.append(Difference(prefix + ANY_NAME, Kind.CHANGED))
        return _doubtful(found)


class _Hidden:
    """Names, and those that begin like our own."""

    def __init__(self, names: Container[str], own: str) -> None:
        self._names = names
        self._own = own

    def __contains__(self, name: object) -> bool:
        return name in self._names or str(name).startswith(self._own)


def _doubtful(found: list[Difference]) -> list[Difference]:
    return [each._replace(kind=Kind.CHANGED, is_certain=False) for each in found]
