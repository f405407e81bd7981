"""What Git ignores in a tree and does not track, by all its files of rules.

The rules are those of `.gitignore` in the directory of a path, then of the directories above it,
and last those of files outside of the tree: the first that says anything decides.  What is below a
directory that is ignored is ignored, and a `.gitignore` there says nothing.

Rules are read when they are first needed, and kept until `refresh` is told that they changed.
"""

import contextlib
import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from fsmond.filters.rules import Rules

NAME = b".gitignore"
_MAX_BYTES = 4 << 20  # of a file of rules; a larger one counts as none
_MAX_KEPT = 200_000  # directories whose rules are kept, in some 40 MB; then all are dropped
_MAX_DECIDED = 50_000  # directories that are known to be ignored or not
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
_READ |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_NO_RULES = Rules(())


class TooLargeError(Exception):
    """It is unknown what is no longer ignored: there was no time, or old rules were dropped."""


class Tracked(Protocol):
    """What Git tracks."""

    def refresh(self) -> list[bytes]:
        """Take in changes; return the paths that are tracked now and were not before."""

    def holds(self, path: bytes) -> bool:
        """Return whether a path, or anything below one that ends in `/`, is tracked."""


class IgnoreRules:
    """The rules of one tree; not thread-safe, its owner holds a lock.

    `sources` returns the paths of the files outside of the tree, the one that decides first first.
    """

    def __init__(
        self,
        root: bytes,
        sources: Callable[[], Sequence[bytes]],
        tracked: Tracked | None,
        *,
        ignore_case: bool = False,
    ) -> None:
        self._base = root.rstrip(b"/") + b"/"
        self._sources = sources
        self._tracked = tracked
        self._ignore_case = ignore_case
        self._contents = self._read_sources()
        self._rules = _RuleSet(self._rules_in, [self._parsed(each) for each in self._contents])

    def leaves_out(self, path: bytes) -> bool:
        """Return whether Git ignores a path and does not track it, nor anything below it."""
        if not self._rules.ignores(path):
            return False
        return self._tracked is None or not self._tracked.holds(path)

    def fingerprint(self) -> str:
        """Return a short text that changes with the rules outside of the tree."""
        found = hashlib.sha256(b"\0".join(self._contents), usedforsecurity=False)
        return found.hexdigest()[:16]

    def refresh(self, changed: Iterable[bytes], deadline: float) -> list[bytes]:
        """Take in what changed; return what was left out before, is there, and is not any longer.

        `changed` are paths that changed since the last call; one that ends in `/` means all below
        it, and an empty one the whole tree.  Where a directory is returned, all in it is meant.
        Raise TooLargeError if that was not done by `deadline`, in seconds of time.monotonic; the
        new rules hold in any case.
        """
        if len(self._rules.known()) > _MAX_KEPT:
            self._start_again()
            raise TooLargeError
        before, changed = self._rules, list(changed)
        prefixes = self._take_changes(changed)
        contents = self._read_sources()
        if contents != self._contents:
            self._contents, prefixes = contents, [b""]
        found = [] if self._tracked is None else self._tracked.refresh()
        found = [path for path in found if before.ignores(path)]
        if prefixes:
            parsed = [self._parsed(each) for each in contents]
            self._rules = _RuleSet(self._rules_in, parsed, before.known_outside(prefixes))
            for prefix in prefixes:
                found += self._no_longer_ignored(prefix, before, deadline)
        return list(dict.fromkeys(found))

    def tops(self) -> list[bytes]:
        """Return all that is in the root."""
        return self._entries(b"")

    def _start_again(self) -> None:
        self._contents = self._read_sources()
        self._rules = _RuleSet(self._rules_in, [self._parsed(each) for each in self._contents])
        if self._tracked is not None:
            self._tracked.refresh()

    def _take_changes(self, changed: Sequence[bytes]) -> list[bytes]:
        """Return the directories whose known rules are other ones now, without those below."""
        known = self._rules.known()
        names = {path[: -len(NAME)] for path in changed if os.path.basename(path) == NAME}
        names &= known.keys()
        folders = tuple(path for path in changed if not path or path.endswith(b"/"))
        if folders:
            names |= {prefix for prefix in known if prefix.startswith(folders)}
        return _topmost(each for each in names if self._content_in(each) != known[each].content)

    def _no_longer_ignored(
        self, top: bytes, before: "_RuleSet", deadline: float
    ) -> Iterator[bytes]:
        """Yield what is no longer ignored in a directory, and below it."""
        pending = [top]
        if top and (before.ignores(top) or self._rules.ignores(top)):
            return  # the directories above decide
        while pending:
            if time.monotonic() > deadline:
                raise TooLargeError
            prefix = pending.pop()
            for path in self._entries(prefix):
                was_ignored, is_ignored = before.ignores(path), self._rules.ignores(path)
                if was_ignored and not is_ignored:
                    yield path
                elif path.endswith(b"/") and not is_ignored:
                    pending.append(path)

    def _entries(self, prefix: bytes) -> list[bytes]:
        try:
            with os.scandir(self._base + prefix) as entries:
                return [
                    prefix + entry.name + b"/" * entry.is_dir(follow_symlinks=False)
                    for entry in entries
                    if entry.name != b".git"
                ]
        except OSError:
            return []  # what cannot be listed is reported as such

    def _rules_in(self, prefix: bytes) -> "_File":
        content = self._content_in(prefix)
        return _File(content, self._parsed(content))

    def _content_in(self, prefix: bytes) -> bytes:
        return _read(self._base + prefix + NAME)

    def _parsed(self, content: bytes) -> Rules:
        return Rules.parse(content, ignore_case=self._ignore_case) if content else _NO_RULES

    def _read_sources(self) -> list[bytes]:
        return [_read(path, follow=True) for path in self._sources()]


class _File:
    """One `.gitignore`."""

    __slots__ = ("content", "rules")

    def __init__(self, content: bytes, rules: Rules) -> None:
        self.content = content
        self.rules = rules


class _RuleSet:
    """The rules as they were at one time; reads those of a directory when they are needed."""

    def __init__(
        self,
        read: Callable[[bytes], _File],
        outside: Sequence[Rules],
        known: dict[bytes, _File] | None = None,
    ) -> None:
        self._read = read
        self._outside = outside
        self._known = known or {}
        self._ignored: dict[bytes, bool] = {b"": False}  # by the prefix of a directory

    def known(self) -> dict[bytes, _File]:
        """Return the files that were read, by directory; one that is not there is empty."""
        return self._known

    def known_outside(self, prefixes: Sequence[bytes]) -> dict[bytes, _File]:
        """Return those that are not in these directories, nor below."""
        tops = tuple(prefixes)
        return {each: file for each, file in self._known.items() if not each.startswith(tops)}

    def ignores(self, path: bytes) -> bool:
        """Return whether a path is ignored, or a directory above it."""
        above = path[: path.rfind(b"/", 0, -1) + 1]
        held = self._ignored.get(above)
        if held is None:
            held = self._is_directory_ignored(above)
        return held or self._decide(path, above)

    def _is_directory_ignored(self, prefix: bytes) -> bool:
        if len(self._ignored) > _MAX_DECIDED:
            self._ignored = {b"": False}
        ignored, end = False, 0
        while end < len(prefix):
            begin, end = end, prefix.index(b"/", end) + 1
            each = prefix[:end]
            if each in self._ignored:
                ignored = self._ignored[each]
            else:
                ignored = ignored or self._decide(each, prefix[:begin])
                self._ignored[each] = ignored
        return ignored

    def _decide(self, path: bytes, above: bytes) -> bool:
        """Return whether a path is ignored, where the directory that contains it is not."""
        name = path.removesuffix(b"/")
        is_directory = len(name) < len(path)
        while True:
            file = self._known.get(above)
            if file is None:
                file = self._known[above] = self._read(above)
            if file.rules:
                found = file.rules.decide(name[len(above) :], is_directory=is_directory)
                if found is not None:
                    return found
            if not above:
                break
            above = above[: above.rfind(b"/", 0, -1) + 1]
        for rules in self._outside:
            found = rules.decide(name, is_directory=is_directory)
            if found is not None:
                return found
        return False


def _topmost(prefixes: Iterable[bytes]) -> list[bytes]:
    """Return those that are in none of the others."""
    found: list[bytes] = []
    for each in sorted(prefixes):
        if not found or not each.startswith(found[-1]):
            found.append(each)
    return found


def _read(path: bytes, *, follow: bool = False) -> bytes:
    """Return the content of a file of rules; nothing if there is none that can be read.

    As in Git, `.gitignore` may not be a symbolic link, other files may.
    """
    try:
        if not follow and stat.S_ISLNK(os.lstat(path).st_mode):
            return b""
        if not stat.S_ISREG(os.stat(path).st_mode):
            return b""  # opening a device or a FIFO can have side effects, or block
        descriptor = os.open(path, _READ & ~getattr(os, "O_NOFOLLOW", 0) if follow else _READ)
    except (OSError, ValueError):
        return b""
    with contextlib.closing(os.fdopen(descriptor, "rb")) as file:
        try:
            content = file.read(_MAX_BYTES + 1)
        except OSError:
            return b""
    return content if len(content) <= _MAX_BYTES else b""
