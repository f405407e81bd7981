"""The remembered record of a tree: what each file was like, and when it was seen to change.

Watchman's answers have what fsmond does not keep: the type and mode of a deleted file, the files
that were in a directory which is gone, whether a file is new.  So this remembers each file that was
seen, and takes in what fsmond reports as changed.  fsmond says where to look; what is there, the
tree says.
"""

import contextlib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import takewhile

from fsmond.watchman.trees.entry import Entry, entry_of, gone

MAX_GONE = 200_000  # files that are gone and remembered: about 100 MB
_GIT = b".git"  # fsmond does not watch what is in it, at any depth


class View:
    """Not thread-safe.  Paths are relative to the root; the root itself is b"" and no entry."""

    def __init__(self, root: bytes, prefix: bytes = b"") -> None:
        """`prefix`: the part of the tree that is looked at, with a final slash, or empty."""
        self._root = root
        self._prefix = prefix
        # In the order of the last change, oldest first: one that changes moves to the end.
        self._entries: dict[bytes, Entry] = {}
        self._names: dict[bytes, set[bytes]] = {}  # directory → paths of what is in it
        self._gone = 0  # entries of files that are gone
        self._suffixes = defaultdict[bytes, set[bytes]](set)  # see `suffix_of` → paths of entries
        self.base = 0
        """Changes before this tick are not known."""

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, path: bytes) -> Entry | None:
        """Return the entry of a path, which may be gone."""
        return self._entries.get(path)

    def build(self, tick: int) -> None:
        """Forget everything, and look at the whole tree."""
        self._entries.clear()
        self._names.clear()
        self._suffixes.clear()
        self._gone = 0
        self.base = tick
        pending = [b""]
        while pending:
            directory = pending.pop()
            if not is_git(directory):
                pending += self._list_new(directory, tick)

    def _list_new(self, directory: bytes, tick: int) -> list[bytes]:
        """Look at what is in a directory of which nothing is known; return its subdirectories."""
        entries, names, found = self._entries, list[bytes](), list[bytes]()
        beginning = directory and directory + b"/"
        try:
            with os.scandir(os.path.join(self._root, self._prefix + directory)) as listing:
                for each in listing:
                    try:
                        status = each.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue  # it is gone since
                    path = beginning + each.name
                    entries[path] = entry = entry_of(path, status, tick, tick)
                    names.append(path)
                    if entry.is_directory:
                        found.append(path)
        except OSError:
            pass  # as in `_list`
        if names:
            self._names[directory] = set(names)
        for path in names:
            self._suffixes[suffix_of(path)].add(path)
        return found

    def update(self, paths: Iterable[bytes], tick: int) -> None:
        """Look at what fsmond reported; a final slash, or b"", stands for everything below."""
        parents = set()
        for path in sorted(paths):  # directories before what is in them
            name = path.rstrip(b"/")
            if not name:
                self._look_below(name, tick)
            elif not self._is_directory(parent_of(name)):
                self._refresh_above(name, tick)
            elif self._refresh(name, tick, is_deep=path.endswith(b"/")):
                parents.add(parent_of(name))
        # A directory changes when a name comes or goes in it; fsmond reports the name alone.
        for path in parents:
            known = self._entries.get(path)
            if known is not None and known.exists and known.changed != tick:
                self._refresh_one(path, tick, only_if_differs=True)
        if self._gone > MAX_GONE:
            self._drop_gone()

    def existing(self) -> list[Entry]:
        """Return all that is there, in no order."""
        return [entry for entry in self._entries.values() if entry.exists]

    def of_suffix(self, wanted: frozenset[bytes]) -> Iterator[Entry]:
        """Yield what is there and has one of these suffixes, in whatever case; each once."""
        endings = tuple(b"." + each.lower() for each in wanted)
        lasts = {each.rpartition(b".")[2] for each in endings}  # that of `.d.ts` is `ts`
        return (
            entry
            for last in lasts
            for path in self._suffixes.get(last, ())
            if path.lower().endswith(endings) and (entry := self._entries[path]).exists
        )

    def since(self, tick: int) -> list[Entry]:
        """Return what changed after a tick, newest first; what is gone as well."""
        return list(takewhile(lambda entry: entry.changed > tick, reversed(self._entries.values())))

    def below(self, directory: bytes, depth: int | None = None) -> Iterator[Entry]:
        """Yield what is there below a directory; `depth`: so many directories further down."""
        pending = [(path, 0) for path in self._names.get(directory, ())]
        while pending:
            path, level = pending.pop()
            entry = self._entries[path]
            yield entry
            if entry.is_directory and (depth is None or level < depth):
                pending += [(each, level + 1) for each in self._names.get(path, ())]

    def snapshot(self) -> list[Entry]:
        """Return all entries, oldest change first; see `restore`."""
        return list(self._entries.values())

    def restore(self, entries: Iterable[Entry], base: int) -> None:
        """Take what `snapshot` returned, of a view in another process."""
        self.base = base
        for entry in entries:
            self._entries[entry.path] = entry
            self._suffixes[suffix_of(entry.path)].add(entry.path)
            if entry.exists:
                self._names.setdefault(parent_of(entry.path), set()).add(entry.path)
            else:
                self._gone += 1

    def _is_directory(self, path: bytes) -> bool:
        entry = self._entries.get(path)
        return not path or (entry is not None and entry.exists and entry.is_directory)

    def _refresh_above(self, path: bytes, tick: int) -> None:
        """Look at a path that was reported, and is in no directory that is known.

        It may lead through a symbolic link, and out of the tree: look at the directory first.
        """
        above = parent_of(path)
        while not self._is_directory(parent_of(above)):
            above = parent_of(above)
        self._refresh(above, tick, is_deep=True)
        if not self._is_directory(parent_of(path)):
            self._set_gone(path, tick)

    def _refresh(self, path: bytes, tick: int, *, is_deep: bool) -> bool:
        """Look at a path again; return whether it came or went."""
        before = self._entries.get(path)
        existed = before is not None and before.exists
        was_directory = existed and before is not None and before.is_directory
        self._refresh_one(path, tick)
        now = self._entries.get(path)
        exists = now is not None and now.exists
        if now is not None and exists and now.is_directory and (is_deep or not was_directory):
            self._look_below(path, tick)
        return existed != exists

    def _refresh_one(self, path: bytes, tick: int, *, only_if_differs: bool = False) -> None:
        """Look at a path, but not at what is below it if it is a directory still."""
        try:
            status = os.lstat(os.path.join(self._root, self._prefix + path))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            self._set_gone(path, tick)
        except OSError:  # it cannot be known whether it is there
            before = self._entries.get(path)
            if before is not None and before.exists:
                del self._entries[path]
                self._entries[path] = before._replace(changed=tick)
        else:
            self._set(path, status, tick, only_if_differs=only_if_differs)

    def _look_below(self, directory: bytes, tick: int) -> None:
        """Look at everything below a directory: all of it may have changed."""
        pending = [directory]
        while pending:
            directory = pending.pop()
            found = None if is_git(directory) else self._list(directory, tick)
            if found is None:
                continue
            pending += [each.path for each in found if each.is_directory]
            missing = self._names.get(directory, set()).difference([each.path for each in found])
            for path in missing:
                self._set_gone(path, tick)

    def _list(self, directory: bytes, tick: int) -> list[Entry] | None:
        """Look at what is in a directory; return that, None if it must not be listed."""
        found = []
        beginning = directory and directory + b"/"
        try:
            with os.scandir(os.path.join(self._root, self._prefix + directory)) as listing:
                for each in listing:
                    with contextlib.suppress(FileNotFoundError):  # it is gone since
                        status = each.stat(follow_symlinks=False)
                        found.append(self._set(beginning + each.name, status, tick))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError:
            return None
        return found

    def _set(
        self, path: bytes, status: os.stat_result, tick: int, *, only_if_differs: bool = False
    ) -> Entry:
        before = self._entries.get(path)
        existed = before is not None and before.exists
        created = before.created if before is not None and existed else tick
        entry = entry_of(path, status, tick, created)
        if before is not None:
            if only_if_differs and entry.is_as(before):
                return before
            if before.is_directory and not entry.is_directory:
                for child in list(self._names.get(path, ())):
                    self._set_gone(child, tick)
            del self._entries[path]
        self._entries[path] = entry
        if not existed:
            self._names.setdefault(parent_of(path), set()).add(path)
            self._gone -= before is not None
        if before is None:
            self._suffixes[suffix_of(path)].add(path)
        return entry

    def _set_gone(self, path: bytes, tick: int) -> None:
        """Note that a path is gone, and everything below it."""
        self._names.get(parent_of(path), set()).discard(path)
        pending = [path]
        while pending:
            path = pending.pop()
            pending += self._names.pop(path, ())
            before = self._entries.get(path)
            # What came and went between two looks, no client was told of.
            if before is not None and before.exists:
                del self._entries[path]
                self._entries[path] = gone(before, tick)
                self._gone += 1

    def _drop_gone(self) -> None:
        """Forget the older half of what is gone; what changed before is then not known."""
        paths = [entry.path for entry in self._entries.values() if not entry.exists]
        for path in paths[: len(paths) // 2]:
            self.base = max(self.base, self._entries.pop(path).changed)
            of_suffix = self._suffixes[suffix_of(path)]
            of_suffix.remove(path)
            if not of_suffix:
                del self._suffixes[suffix_of(path)]
            self._gone -= 1


def parent_of(path: bytes) -> bytes:
    """Return the directory of a path; b"" for the root."""
    return path[: max(path.rfind(b"/"), 0)]


def suffix_of(path: bytes) -> bytes:
    """Return what follows the last dot, in lower case; b"" if there is none in the name."""
    dot = path.rfind(b".")
    return path[dot + 1 :].lower() if dot > path.rfind(b"/") else b""


def is_git(path: bytes) -> bool:
    """Return whether a path names a git directory, which is not watched."""
    return path == _GIT or path.endswith(b"/" + _GIT)
