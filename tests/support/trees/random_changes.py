"""Random changes to a tree, of every kind that programs make."""

import contextlib
import errno
import os
import shutil
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from random import Random

from support.trees.system_calls import exchange, store_by_map

NAMES = [b"a", b"b", b"c", b"dir", b"file.txt", b"-", b"d\xc3\xa9"]
if sys.platform == "linux":
    NAMES += [b"\xff\xfe", b"new\nline", b" ", b'"q"']


class RandomChanges:
    """Makes one random change after another below `root`; `outside` is on the same disk."""

    def __init__(
        self,
        root: Path,
        outside: Path,
        random: Random,
        *,
        without: Collection[str] = (),
        names: Sequence[bytes] = NAMES,
    ) -> None:
        self.root = os.fsencode(root)
        self._outside = os.fsencode(outside)
        self._random = random
        self._names = names
        self._serial = 0
        self.log: list[str] = []
        self.linked: dict[bytes, int] = {}
        """The names that files with several were given, and their inodes."""
        self._kinds: list[Callable[[], str]] = [
            getattr(self, name)
            for name in sorted(dir(type(self)))
            if name.startswith("do_") and name[3:] not in without
        ]

    def make(self, count: int = 1) -> None:
        """Make that many changes."""
        for _ in range(count):
            kind = self._random.choice(self._kinds)
            try:
                what = kind()
            except (OSError, shutil.Error) as error:
                what = f"failed {error}"  # into itself, not empty, gone: to be expected
            self.log.append(f"{kind.__name__[3:]} {what}")

    def grow(self, directories: int, files: int) -> None:
        """Create the initial tree."""
        for kind in [self.do_make_directory] * directories + [self.do_create] * files:
            with contextlib.suppress(OSError):
                kind()

    def _walk(self) -> Iterator[tuple[bytes, list[bytes], list[bytes]]]:
        for path, directories, files in os.walk(self.root):
            if path == self.root and b".git" in directories:
                directories.remove(b".git")
            directories.sort()  # so a seed has the same effect on any file system
            yield path, directories, sorted(files)

    def _directory(self) -> bytes:
        """Pick a directory, which may be the root."""
        return self._random.choice([path for path, _, _ in self._walk()])

    def _below(self) -> bytes:
        """Pick a directory below the root."""
        found = [path for path, _, _ in self._walk() if path != self.root]
        if not found:
            raise FileNotFoundError(errno.ENOENT, "no directory")
        return self._random.choice(found)

    def _file(self) -> bytes:
        found = [os.path.join(path, name) for path, _, names in self._walk() for name in names]
        if not found:
            raise FileNotFoundError(errno.ENOENT, "no file")
        return self._random.choice(found)

    def _name(self) -> bytes:
        """Pick a path, which may exist or not."""
        return os.path.join(self._directory(), self._random.choice(self._names))

    def _write(self, path: bytes, mode: str = "wb", size: int | None = None) -> None:
        self._serial += 1
        content = b"%d" % self._serial
        with open(path, mode) as file:
            file.write(content if size is None else content.rjust(size, b"."))

    def do_create(self) -> str:
        self._write(path := self._name())
        return repr(path)

    def do_append(self) -> str:
        self._write(path := self._file(), "ab")
        return repr(path)

    def do_overwrite_in_place(self) -> str:
        path = self._file()
        self._write(path, "r+b", size=os.path.getsize(path) or None)
        return repr(path)

    def do_store_by_map(self) -> str:
        store_by_map(path := self._file())
        return repr(path)

    def do_replace(self) -> str:
        path = self._file()
        self._write(path + b"~")
        os.rename(path + b"~", path)
        return repr(path)

    def do_unlink(self) -> str:
        os.unlink(path := self._file())
        return repr(path)

    def do_make_directory(self) -> str:
        os.mkdir(path := self._name())
        return repr(path)

    def do_make_directories_with_files(self) -> str:
        path = self._name()
        for _ in range(self._random.randint(1, 4)):
            path = os.path.join(path, self._random.choice(self._names))
        os.makedirs(path)
        for name in self._random.sample(self._names, 3):
            self._write(os.path.join(path, name))
        return repr(path)

    def do_remove_tree(self) -> str:
        shutil.rmtree(path := self._below())
        return repr(path)

    def do_recreate(self) -> str:
        shutil.rmtree(path := self._below())
        os.mkdir(path)
        if self._random.random() < 0.5:
            self._write(os.path.join(path, self._random.choice(self._names)))
        return repr(path)

    def do_rename_file(self) -> str:
        self._rename(old := self._file(), new := self._name())
        return f"{old!r} {new!r}"

    def do_rename_directory(self) -> str:
        self._rename(old := self._below(), new := self._name())
        return f"{old!r} {new!r}"

    def do_rename_there_and_back(self) -> str:
        old, new = self._below(), self._name()
        os.rename(old, new)
        self._write(os.path.join(new, b"meanwhile"))
        if self._random.random() < 0.5:
            os.mkdir(old)
            self._write(os.path.join(old, b"a"))
            os.rename(old, os.path.join(new, b"dir"))
        os.rename(new, old)
        return f"{old!r} {new!r}"

    def do_rename_into_new(self) -> str:
        """Replace a directory by a new one, and move the old one below that."""
        old = self._below()
        aside = old + b".aside"
        os.rename(old, aside)
        os.makedirs(os.path.join(old, b"b"))
        os.rename(aside, os.path.join(old, b"b", b"c"))
        return repr(old)

    def do_chain(self) -> str:
        path = self._below()
        for each in (b".1", b".2", b".3"):
            os.rename(path, path + each)
            path += each
            os.mkdir(os.path.join(path, b"new" + each))
        return repr(path)

    def do_exchange(self) -> str:
        exchange(one := self._below(), other := self._below())
        return f"{one!r} {other!r}"

    def do_exchange_file_and_directory(self) -> str:
        exchange(one := self._file(), other := self._below())
        return f"{one!r} {other!r}"

    def do_file_to_directory(self) -> str:
        os.unlink(path := self._file())
        os.mkdir(path)
        self._write(os.path.join(path, b"a"))
        return repr(path)

    def do_directory_to_file(self) -> str:
        shutil.rmtree(path := self._below())
        self._write(path)
        return repr(path)

    def do_move_out(self) -> str:
        self._serial += 1
        path = self._below()
        os.rename(path, os.path.join(self._outside, b"%d" % self._serial))
        return repr(path)

    def do_edit_outside_and_move_in(self) -> str:
        names = sorted(os.listdir(self._outside))
        if not names:
            return "nothing there"
        outside = os.path.join(self._outside, self._random.choice(names))
        self._write(os.path.join(outside, self._random.choice(self._names)))
        self._rename(outside, path := self._name())
        return repr(path)

    def do_symbolic_link(self) -> str:
        os.symlink(self._random.choice([b".", b"..", b"a", b"/no/where"]), path := self._name())
        return repr(path)

    def do_hard_link(self) -> str:
        os.link(old := self._file(), new := self._name(), follow_symlinks=False)
        self._note_link(new)
        return f"{old!r} {new!r}"

    def _rename(self, old: bytes, new: bytes) -> None:
        os.rename(old, new)
        self._note_link(new)
        for folder, _, names in os.walk(new):
            for name in names:
                self._note_link(os.path.join(folder, name))

    def _note_link(self, path: bytes) -> None:
        status = os.lstat(path)
        if status.st_nlink > 1:
            relative = path[len(self.root) + 1 :].replace(os.fsencode(os.sep), b"/")
            self.linked[relative] = status.st_ino

    def do_mode(self) -> str:
        path = self._file()
        os.chmod(path, self._random.choice([0o600, 0o644, 0o755]))
        return repr(path)

    def do_mode_of_directory(self) -> str:
        path, mode = self._below(), self._random.choice([0o700, 0o755])
        # Another program may have put a link there, which may lead out of the tree.
        if os.path.realpath(path).startswith(os.path.realpath(self.root) + os.fsencode(os.sep)):
            os.chmod(path, mode)
        return repr(path)

    def do_touch(self) -> str:
        os.utime(path := self._file())
        return repr(path)

    def do_truncate(self) -> str:
        os.truncate(path := self._file(), self._random.randint(0, 5))
        return repr(path)

    def do_copy_tree(self) -> str:
        old, new = self._below(), self._name()
        if not new.startswith(old):
            shutil.copytree(os.fsdecode(old), os.fsdecode(new), symlinks=True)
        return f"{old!r} {new!r}"
