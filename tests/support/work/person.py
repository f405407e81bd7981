"""A simulated person who works in a worktree, with git and without."""

import os
import random
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

from support.running import git
from support.trees.random_changes import RandomChanges
from support.work.repositories import HOME, Repository, write

# A scan cannot detect a name that was created and deleted since the last one.
_WITHOUT = ("hard_link",)
_BIG = 1000  # paths, after which the directory of random changes is removed
_LOGGED = 40  # actions


class Person:
    """Makes distinct changes at random places."""

    def __init__(self, repository: Repository, chance: random.Random) -> None:
        self.repository = repository
        self.root = repository.root
        self.chance = chance
        self.forgiving = False
        """Whether git commands may fail."""
        self.log: deque[str] = deque(maxlen=_LOGGED)
        """The last actions."""
        self.outside = repository.root.parent / f"outside-{repository.root.name}"
        self.outside.mkdir()
        self._wild = self.root / "wild"
        self._changes = RandomChanges(self._wild, self.outside, chance, without=_WITHOUT)
        self._serial = 0

    def git(self, *arguments: str, may_fail: bool = False, where: Path | None = None) -> None:
        """Run git, in the worktree or elsewhere, without an editor."""
        self.log.append(f"git {' '.join(arguments)}")
        with suppress(AssertionError) if may_fail or self.forgiving else nullcontext():
            program = self.repository.program
            git(where or self.root, "-c", "core.editor=true", *arguments, program=program)

    def commit(self) -> None:
        """Commit all changes."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", self.new_name())

    def go_home(self) -> None:
        """Check out the usual branch."""
        self.git("checkout", "--quiet", HOME)

    def new_name(self) -> str:
        """Return an unused name."""
        self._serial += 1
        return f"new-{self._serial}"

    def folder(self, area: str) -> Path:
        """Pick a directory of an area, if possible one with subdirectories."""
        folders = [entry for entry in sorted((self.root / area).iterdir()) if _is_folder(entry)]
        nested = [folder for folder in folders if any(map(_is_folder, folder.iterdir()))]
        if not folders:
            raise FileNotFoundError(area)
        return self.chance.choice(nested or folders)

    def file(self, where: str | Path) -> Path:
        """Pick a tracked file below a directory; files without a suffix are untracked."""
        folder = self.root / where
        found = [
            Path(path, name)
            for path, _, names in os.walk(folder)
            for name in names
            if name.endswith(".txt") and not Path(path, name).is_symlink()
        ]
        if not found:
            raise FileNotFoundError(folder)
        return self.chance.choice(sorted(found))

    def write(self, place: str | Path) -> Path:
        """Write a new or an existing file."""
        path = self.root / place
        write(path, self.new_name())
        return path

    def append(self, path: Path) -> None:
        """Edit a file in place."""
        with path.open("a") as file:
            file.write(f"{self.new_name()}\n")

    def save(self, path: Path) -> None:
        """Edit a file as most editors do: by replacing it."""
        temporary = path.with_name(f".{path.name}.swp")
        temporary.write_text(f"{self.new_name()}\n")
        temporary.rename(path)

    def run_wild(self) -> Iterator[None]:
        """Make changes of every kind, with names of every kind, in a separate directory."""
        self._wild.mkdir(exist_ok=True)
        if sum(len(names) for _, _, names in os.walk(self._wild)) > _BIG:
            shutil.rmtree(self._wild)
            return
        begin = len(self._changes.log)
        self._changes.make(self.chance.randint(1, 8))
        self.log += self._changes.log[begin:]
        yield


Piece = Callable[[Person], Iterator[None]]
"""A piece of work, which yields at each pause for a comparison."""


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
