"""Random changes to files with several names (hard links), and what must be reported of them.

There are few names in few directories, so that names and inode numbers are reused often.  What must
be reported is known exactly, as one thread makes all changes and keeps a record of them.
"""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

from support.trees.system_calls import exchange
from support.trees.truth import Tree

NAMES = [b"a", b"b", b"c", b"f", b"s", b"x"]
DIRECTORIES = [b"d", b"e"]
_HANDLES = 4  # files that are kept open for writing


class Handle(NamedTuple):
    """An open file, and the name that events carry for writes to it."""

    descriptor: int
    inode: int
    path: bytes
    is_gone: bool = False
    """Whether the file no longer has the name."""


class LinkChanges:
    """Makes one random change after another below `root`; `outside` is on the same disk.

    There are two limits.  No event reports a change under a name outside the tree.  And if a name
    appeared and vanished before it was checked, no event says which file had it.  So an answer may
    omit a file if all its changes were made under such names.  There are no other limits.
    """

    def __init__(self, root: Path, outside: Path, random: Random, *, all_watched: bool) -> None:
        self.root, self._outside = os.fsencode(root), os.fsencode(outside)
        self._random = random
        self._all_watched = all_watched
        self._serial = self._count = 0
        self._handles: list[Handle] = []
        self.log: list[str] = []
        self._known: dict[bytes, int] = {}  # names since the last answer, with their inodes
        self._paired: set[tuple[int, bytes]] = set()  # names that files had besides others
        # When inodes changed last: under a name that fsmond knows, and under one it may not know.
        self._reported: dict[int, int] = {}
        self._possibly_unreported: dict[int, int] = {}
        self._possibly_missed: set[int] = set()  # of the latter, since the last comparison
        self._kinds: list[Callable[[], str]] = [
            getattr(self, name) for name in sorted(dir(type(self))) if name.startswith("do_")
        ]
        self._kinds += [self.do_link, self.do_rename, self.do_write] * 3

    def make(self, count: int) -> None:
        """Make that many changes."""
        for _ in range(count):
            kind = self._random.choice(self._kinds)
            try:
                what = kind()
            except (OSError, shutil.Error) as error:
                what = f"failed {error}"
            self.log.append(f"{kind.__name__[3:]} {what}")

    def answered(self, now: Tree) -> None:
        """Record that all changes until now were reported."""
        self._possibly_missed |= self._possibly_unreported.keys()
        self._reported.clear()
        self._possibly_unreported.clear()
        names: dict[int, list[bytes]] = {}
        for path, signature in now.items():
            if not path.endswith(b"/"):
                names.setdefault(signature[1], []).append(path)
        self._known = {path: inode for inode, paths in names.items() for path in paths}
        gone = {pair for pair in self._paired if pair[0] not in names}
        self._paired -= gone
        for inode, paths in names.items():
            if len(paths) > 1:
                self._paired.update((inode, path) for path in paths)

    def may_omit(self, path: bytes, before: Tree, now: Tree) -> bool:
        """Return whether an answer may omit a changed path, by one of the limits."""
        inode = now[path][1] if path in now else None
        if inode is None or path not in before or before[path][1] != inode:
            return False
        if inode in self._reported or inode not in self._possibly_unreported:
            return False
        names = [each for each, signature in now.items() if signature[1] == inode]
        return all(each in before and before[each][1] == inode for each in names)

    def may_omit_last(self, path: bytes, now: Tree) -> bool:
        """Return whether the answers during the changes may omit the last change of a path."""
        inode = now[path][1] if path in now else 0
        return self._possibly_unreported.get(inode, 0) > self._reported.get(inode, 0)

    def may_be_found(self, path: bytes, *trees: Tree) -> bool:
        """Return whether one of the limits lets a comparison find a change between these trees."""
        inodes = {tree[path][1] for tree in trees if path in tree}
        return path not in trees[-1] or not inodes.isdisjoint(
            self._possibly_missed | self._possibly_unreported.keys()
        )

    def compared(self) -> None:
        """Record that a comparison found all that was omitted until now."""
        self._possibly_missed.clear()

    def close(self) -> None:
        """Close all handles."""
        while self._handles:
            os.close(self._handles.pop().descriptor)

    def _path(self, relative: bytes) -> bytes:
        return os.path.join(self.root, relative)

    def _all(self) -> tuple[list[bytes], list[bytes]]:
        """Return all directories, each ending in `/`, and everything else."""
        directories, files, pending = [b""], [], [b""]
        while pending:
            prefix = pending.pop()
            for entry in sorted(os.scandir(self._path(prefix)), key=lambda each: each.name):
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != b".git":
                        directories.append(prefix + entry.name + b"/")
                        pending.append(prefix + entry.name + b"/")
                else:
                    files.append(prefix + entry.name)
        return directories, files

    def _file(self) -> bytes:
        return self._pick(self._all()[1])

    def _pick(self, found: list[bytes]) -> bytes:
        if not found:
            raise FileNotFoundError(errno.ENOENT, "nothing there")
        return self._random.choice(found)

    def _name(self) -> bytes:
        return self._random.choice(self._all()[0]) + self._random.choice(NAMES)

    def _inode(self, path: bytes) -> int | None:
        try:
            return os.lstat(self._path(path)).st_ino
        except FileNotFoundError:
            return None

    def _note_change(self, path: bytes) -> None:
        """Record a change under that name, or of the name itself."""
        inode = self._inode(path)
        if inode is not None:
            known = self._known.get(path) == inode
            self._note_inode(inode, is_known=known)

    def _note_inode(self, inode: int, *, is_known: bool = False) -> None:
        self._count += 1
        (self._reported if is_known else self._possibly_unreported)[inode] = self._count

    def _note_removed(self, path: bytes, to: bytes | None = None) -> None:
        """Record that a name is removed, or moved to another name."""
        self._note_change(path)
        self._known.pop(path, None)
        self._handles = [self._after(handle, path, to) for handle in self._handles]

    def _after(self, handle: Handle, path: bytes, to: bytes | None) -> Handle:
        if handle.path != path or handle.is_gone:
            return handle
        return handle._replace(is_gone=True) if to is None else handle._replace(path=to)

    def _move(self, old: bytes, new: bytes) -> None:
        if self._inode(old) == self._inode(new):
            return
        if self._inode(new) is not None:
            self._note_removed(new)
        self._note_removed(old, new)
        os.rename(self._path(old), self._path(new))

    def _below(self, prefix: bytes) -> list[bytes]:
        return [path for path in self._all()[1] if path.startswith(prefix)]

    def do_create(self) -> str:
        path = self._name()
        self._write(path, "wb")
        return repr(path)

    def do_symlink(self) -> str:
        os.symlink(b"nowhere", self._path(path := self._name()))
        return repr(path)

    def do_write(self) -> str:
        path = self._file()
        self._write(path, "ab")
        return repr(path)

    def _write(self, path: bytes, mode: str) -> None:
        if os.path.islink(self._path(path)):
            os.utime(self._path(path), follow_symlinks=False)
            self._note_change(path)
            return
        self._serial += 1
        with open(self._path(path), mode) as file:
            file.write(b"%d" % self._serial)
        self._note_change(path)

    def do_mode(self) -> str:
        path = self._file()
        if not os.path.islink(self._path(path)):
            os.chmod(self._path(path), self._random.choice([0o600, 0o644, 0o755]))
            self._note_change(path)
        return repr(path)

    def do_link(self) -> str:
        old, new = self._file(), self._name()
        os.link(self._path(old), self._path(new), follow_symlinks=False)
        self._note_inode(os.lstat(self._path(new)).st_ino)
        return f"{old!r} {new!r}"

    def do_rename(self) -> str:
        self._move(old := self._file(), new := self._name())
        return f"{old!r} {new!r}"

    def do_exchange(self) -> str:
        one, other = self._file(), self._file()
        if self._inode(one) != self._inode(other):  # else nothing happens, and there is no event
            for path in (one, other):
                self._note_change(path)
                self._known.pop(path, None)
            swap = {one: other, other: one}
            self._handles = [
                handle
                if handle.is_gone
                else handle._replace(path=swap.get(handle.path, handle.path))
                for handle in self._handles
            ]
            exchange(self._path(one), self._path(other))
        return f"{one!r} {other!r}"

    def do_unlink(self) -> str:
        self._note_removed(path := self._file())
        os.unlink(self._path(path))
        return repr(path)

    def do_replace(self) -> str:
        """Replace a file as editors do, with a link to the old one as a backup."""
        path = self._file()
        if self._inode(path + b"~") is not None:
            self._note_removed(path + b"~")
            os.unlink(self._path(path + b"~"))
        os.link(self._path(path), self._path(path + b"~"), follow_symlinks=False)
        self._note_inode(os.lstat(self._path(path)).st_ino)
        self._write(path + b".new", "wb")
        self._move(path + b".new", path)
        return repr(path)

    def do_make_directory(self) -> str:
        path = self._random.choice(self._all()[0]) + self._random.choice(DIRECTORIES)
        if path.count(b"/") > 3:
            raise FileNotFoundError(errno.ENOENT, "deep enough")
        os.mkdir(self._path(path))
        return repr(path)

    def do_remove_tree(self) -> str:
        prefix = self._pick(self._all()[0][1:])
        for path in self._below(prefix):
            self._note_removed(path)
        self._close_former_handles(prefix)
        shutil.rmtree(self._path(prefix))
        return repr(prefix)

    def do_rename_directory(self) -> str:
        old = self._pick(self._all()[0][1:])
        new = self._random.choice(self._all()[0]) + self._random.choice(DIRECTORIES) + b"/"
        if new.startswith(old) or self._inode(new[:-1]) is not None:
            raise FileExistsError(errno.EEXIST, "not there")
        for path in self._below(old):
            self._note_removed(path, new + path[len(old) :])
        self._paired |= {
            (inode, new + path[len(old) :]) for inode, path in self._paired if path.startswith(old)
        }
        self._handles = [
            each._replace(path=new + each.path[len(old) :])
            if each.is_gone and each.path.startswith(old)
            else each
            for each in self._handles
        ]
        os.rename(self._path(old[:-1]), self._path(new[:-1]))
        return f"{old!r} {new!r}"

    def _close_former_handles(self, prefix: bytes) -> None:
        """Close handles whose former name is in a directory that is removed."""
        for handle in [each for each in self._handles if each.is_gone]:
            if handle.path.startswith(prefix):
                os.close(handle.descriptor)
                self._handles.remove(handle)

    def do_link_outside(self) -> str:
        path = self._file()
        outside = os.path.join(self._outside, self._random.choice(NAMES))
        if os.path.lexists(outside):
            self._note_inode(os.lstat(outside).st_ino)
            os.unlink(outside)
        os.link(self._path(path), outside, follow_symlinks=False)
        self._note_inode(os.lstat(outside).st_ino)
        return repr(path)

    def do_write_outside(self) -> str:
        outside = os.path.join(self._outside, self._random.choice(NAMES))
        if os.path.islink(outside):
            raise FileNotFoundError(errno.ENOENT, "a link")
        self._serial += 1
        with open(outside, "r+b") as file:
            file.write(b"%d" % self._serial)
        self._note_inode(os.lstat(outside).st_ino)
        return repr(outside)

    def do_move_in(self) -> str:
        outside = os.path.join(self._outside, self._random.choice(NAMES))
        path = self._name()
        if os.lstat(outside).st_ino == self._inode(path):
            return "itself"
        if self._inode(path) is not None:
            self._note_removed(path)
        self._note_inode(os.lstat(outside).st_ino)
        os.rename(outside, self._path(path))
        return repr(path)

    def do_open(self) -> str:
        path = self._file()
        if os.path.islink(self._path(path)):
            return "a link"
        if len(self._handles) == _HANDLES:
            os.close(self._handles.pop(0).descriptor)
        handle = os.open(self._path(path), os.O_WRONLY | os.O_APPEND)
        self._handles.append(Handle(handle, os.fstat(handle).st_ino, path))
        return repr(path)

    def do_write_by_handle(self) -> str:
        if not self._handles:
            return "none"
        handle = self._random.choice(self._handles)
        self._serial += 1
        os.write(handle.descriptor, b"%d" % self._serial)
        if not handle.is_gone:
            self._note_change(handle.path)
        elif self._all_watched and (handle.inode, handle.path) in self._paired:
            self._note_inode(handle.inode, is_known=True)
        else:
            self._note_inode(handle.inode)
        return f"{handle}"
