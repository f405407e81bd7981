"""What programs do to a tree at full speed: builds, removals, checkouts."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

_IN_EACH = 20  # files in a directory of a branch
_OBJECTS = 8  # files that a build makes in a directory
_AUTHOR = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")
_QUIET = ("-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.fsmonitor=false")


class Workload(NamedTuple):
    """An operation on a tree."""

    name: str
    run: Callable[[Path], list[bytes]]
    """Returns the names of the files that it created and deleted again."""


class WorkloadRepository:
    """A repository with two branches that differ in all files, and the workloads on it."""

    def __init__(self, git: str, environment: Mapping[str, str], size: int) -> None:
        self._git_words = [git, *_QUIET, *_AUTHOR]
        self._environment = environment
        self._size = size
        """Files in each branch; the other workloads scale with it."""

    def prepare(self, root: Path) -> None:
        """Make the repository, and check out the first branch."""
        root.mkdir(parents=True)
        self._git(root, "init", "--quiet", "--initial-branch=one")
        for branch in ("one", "two"):
            if branch == "two":
                self._git(root, "checkout", "--quiet", "-b", branch)
                subprocess.run(["rm", "-rf", *root.glob("dir-*")], check=True)
            for number in range(self._size // _IN_EACH):
                self._fill(root, branch, number)
            self._git(root, "add", "--all")
            self._git(root, "commit", "--quiet", "--message", branch)
        self._git(root, "checkout", "--quiet", "one")

    def workloads(self) -> list[Workload]:
        """Return the workloads in their order."""
        count = self._size
        return [
            Workload(f"{count:,} files made", self._make),
            Workload(f"{5 * count:,} files made and deleted", self._make_and_delete),
            Workload(f"a build of {count:,} files", self._build),
            Workload("rm -rf of all that", self._remove),
            Workload(f"git checkout of {count:,} other files", self._check_out),
        ]

    def _fill(self, root: Path, branch: str, number: int) -> None:
        """Fill a directory; every third directory is in one branch only."""
        name = f"{branch}-{number}" if number % 3 == 0 else f"{number}"
        directory = root / f"dir-{number % 50}" / name
        directory.mkdir(parents=True)
        for each in range(_IN_EACH):
            (directory / f"file{each}").write_text(f"{branch} {each}\n")

    def _make(self, root: Path) -> list[bytes]:
        (root / "made").mkdir()
        for number in range(self._size):
            os.mknod(f"{root}/made/{number}")
        return []

    def _make_and_delete(self, root: Path) -> list[bytes]:
        names = [f"{root}/passing-{time.time_ns()}-{each}" for each in range(5 * self._size)]
        for name in names:
            os.mknod(name)
            os.unlink(name)
        return [os.path.basename(name).encode() for name in names]

    def _build(self, root: Path) -> list[bytes]:
        """Make directories, and files that are renamed once written, as compilers do."""
        for number in range(self._size // _OBJECTS):
            directory = f"{root}/build/{number % 40}/{number}"
            os.makedirs(directory)
            for each in range(_OBJECTS):
                path = f"{directory}/object{each}.o"
                descriptor = os.open(path + ".tmp", os.O_CREAT | os.O_WRONLY)
                os.write(descriptor, b"object")
                os.close(descriptor)
                os.rename(path + ".tmp", path)
        return []

    def _remove(self, root: Path) -> list[bytes]:
        subprocess.run(["rm", "-rf", root / "build", root / "made"], check=True)
        return []

    def _check_out(self, root: Path) -> list[bytes]:
        """Check out the other branch."""
        head = (root / ".git/HEAD").read_text().strip().rpartition("/")[2]
        self._git(root, "checkout", "--quiet", "two" if head == "one" else "one")
        return []

    def _git(self, root: Path, *arguments: str) -> None:
        words = [*self._git_words, "-C", str(root), *arguments]
        subprocess.run(words, env=dict(self._environment), check=True)
