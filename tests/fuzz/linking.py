"""Random changes to files with several names, and what has to be reported of them.

Few names in few directories, so that names, files and inode numbers come again and again.  What has
to be reported is known exactly, as all is done by one thread that keeps account of it.
"""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

from system_calls import exchange
from truth import Tree

NAMES = [b"a", b"b", b"c", b"f", b"s", b"x"]
DIRECTORIES = [b"d", b"e"]
_HANDLES = 4  # files that are kept open for writing


class Handle(NamedTuple):
    """A file that is open, and the name that events of writes by it have."""

    descriptor: int
    inode: int
    path: bytes
    is_gone: bool = False
    """Whether the name is not the file's any more."""


class LinkChanges:
    """Makes one random change after another below `root`; `outside` is on the same disk.

    No event tells of what is done by a name outside of the tree, nor of which file a name was that
    came and went before anybody looked at it.  So an answer may pass over a file of which in the
    meantime all that was done was done by such names: that are the two limits, and there are no
    others.
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
        # Inodes of files of which an event told, and when; of those by a name that nobody knew.
        self._evident: dict[int, int] = {}
        self._doubtful: dict[int, int] = {}
        self._blurred: set[int] = set()  # these, since all was compared
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
        """Take notice that all until now was reported."""
        self._blurred |= self._doubtful.keys()
        self._evident.clear()
        self._doubtful.clear()
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

    def may_pass_over(self, path: bytes, before: Tree, now: Tree) -> bool:
        """Say whether it may be left out of an answer that it has changed, by one of the limits."""
        inode = now[path][1] if path in now else None
        if inode is None or path not in before or before[path][1] != inode:
            return False
        if inode in self._evident or inode not in self._doubtful:
            return False
        names = [each for each, signature in now.items() if signature[1] == inode]
        return all(each in before and before[each][1] == inode for each in names)

    def may_pass_over_the_last(self, path: bytes, now: Tree) -> bool:
        """Say whether the last change may be left out of several answers, given meanwhile."""
        inode = now[path][1] if path in now else 0
        return self._doubtful.get(inode, 0) > self._evident.get(inode, 0)

    def may_be_found(self, path: bytes, *trees: Tree) -> bool:
        """Say whether a comparison between these may find, by a limit, that it has changed."""
        inodes = {tree[path][1] for tree in trees if path in tree}
        return path not in trees[-1] or not inodes.isdisjoint(self._blurred | self._doubtful.keys())

    def compared(self) -> None:
        """Take notice that what was passed over until now was found by a comparison."""
        self._blurred.clear()

    def close(self) -> None:
        """Close all handles."""
        while self._handles:
            os.close(self._handles.pop().descriptor)

    def _path(self, relative: bytes) -> bytes:
        return os.path.join(self.root, relative)

    def _all(self) -> tuple[list[bytes], list[bytes]]:
        """Return all directories, with a `/` behind, and all else."""
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

    def _touch(self, path: bytes) -> None:
        """Keep account of a change by that name, or to it."""
        inode = self._inode(path)
        if inode is not None:
            known = self._known.get(path) == inode
            self._note(inode, is_known=known)

    def _note(self, inode: int, *, is_known: bool = False) -> None:
        self._count += 1
        (self._evident if is_known else self._doubtful)[inode] = self._count

    def _leave(self, path: bytes, to: bytes | None = None) -> None:
        """Keep account of it that a name goes, or moves to another."""
        self._touch(path)
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
            self._leave(new)
        self._leave(old, new)
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
            self._touch(path)
            return
        self._serial += 1
        with open(self._path(path), mode) as file:
            file.write(b"%d" % self._serial)
        self._touch(path)

    def do_mode(self) -> str:
        path = self._file()
        if not os.path.islink(self._path(path)):
            os.chmod(self._path(path), self._random.choice([0o600, 0o644, 0o755]))
            self._touch(path)
        return repr(path)

    def do_link(self) -> str:
        old, new = self._file(), self._name()
        os.link(self._path(old), self._path(new), follow_symlinks=False)
        self._note(os.lstat(self._path(new)).st_ino)
        return f"{old!r} {new!r}"

    def do_rename(self) -> str:
        self._move(old := self._file(), new := self._name())
        return f"{old!r} {new!r}"

    def do_exchange(self) -> str:
        one, other = self._file(), self._file()
        if self._inode(one) != self._inode(other):  # else nothing happens, and no event tells
            for path in (one, other):
                self._touch(path)
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
        self._leave(path := self._file())
        os.unlink(self._path(path))
        return repr(path)

    def do_replace(self) -> str:
        """Write anew, as editors do, with a link to what was there."""
        path = self._file()
        if self._inode(path + b"~") is not None:
            self._leave(path + b"~")
            os.unlink(self._path(path + b"~"))
        os.link(self._path(path), self._path(path + b"~"), follow_symlinks=False)
        self._note(os.lstat(self._path(path)).st_ino)
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
            self._leave(path)
        self._lose_handles(prefix)
        shutil.rmtree(self._path(prefix))
        return repr(prefix)

    def do_rename_directory(self) -> str:
        old = self._pick(self._all()[0][1:])
        new = self._random.choice(self._all()[0]) + self._random.choice(DIRECTORIES) + b"/"
        if new.startswith(old) or self._inode(new[:-1]) is not None:
            raise FileExistsError(errno.EEXIST, "not there")
        for path in self._below(old):
            self._leave(path, new + path[len(old) :])
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

    def _lose_handles(self, prefix: bytes) -> None:
        """Let go of those by names that were there, and in a directory that goes."""
        for handle in [each for each in self._handles if each.is_gone]:
            if handle.path.startswith(prefix):
                os.close(handle.descriptor)
                self._handles.remove(handle)

    def do_link_outside(self) -> str:
        path = self._file()
        outside = os.path.join(self._outside, self._random.choice(NAMES))
        if os.path.lexists(outside):
            self._note(os.lstat(outside).st_ino)
            os.unlink(outside)
        os.link(self._path(path), outside, follow_symlinks=False)
        self._note(os.lstat(outside).st_ino)
        return repr(path)

    def do_write_outside(self) -> str:
        outside = os.path.join(self._outside, self._random.choice(NAMES))
        if os.path.islink(outside):
            raise FileNotFoundError(errno.ENOENT, "a link")
        self._serial += 1
        with open(outside, "r+b") as file:
            file.write(b"%d" % self._serial)
        self._note(os.lstat(outside).st_ino)
        return repr(outside)

    def do_move_in(self) -> str:
        outside = os.path.join(self._outside, self._random.choice(NAMES))
        path = self._name()
        if os.lstat(outside).st_ino == self._inode(path):
            return "itself"
        if self._inode(path) is not None:
            self._leave(path)
        self._note(os.lstat(outside).st_ino)
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
            self._touch(handle.path)
        elif self._all_watched and (handle.inode, handle.path) in self._paired:
            self._note(handle.inode, is_known=True)
        else:
            self._note(handle.inode)
        return f"{handle}"
