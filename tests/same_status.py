"""Hold what git says when it asks fsmond against what it says when it looks at everything."""

import os
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from kinds_of_repository import Repository
from running import LONG, REFERENCE, git, status

from fsmond.rendezvous import place_of

_OPTIONS = [
    ("status", "--porcelain=v2", f"--untracked-files={which}") for which in ("normal", "all")
]
_WITHOUT_CACHE = ("-c", "core.untrackedCache=false", "status")
_FSMN = 8  # bytes: the extension's size, and its version
_SHOWN = 20  # lines that differ

Ask = Callable[..., str]


def compare(repository: Repository, when: str, ask: Ask = git) -> None:
    """Compare both, in every tree, whoever is asked; raise AssertionError if they differ."""
    for tree in repository.trees:
        with ExitStack() as stack:
            # They write nothing, so they may run beside those that ask.
            looking = [stack.enter_context(_start(repository, tree, each)) for each in _OPTIONS]
            for arguments, running in zip(_OPTIONS, looking, strict=True):
                said = ask(tree, *arguments, program=repository.program)
                truth, trouble = running.communicate(timeout=LONG)
                assert running.returncode == 0, trouble
                true = truth.decode(errors="surrogateescape")
                assert said == true, f"in {tree.name}, {when}: {_differ(said, true)}"


class Observer:
    """Compares time and again, and sees what fsmond told git."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._relied: list[bool] = []  # of each status in the last look

    def look(self, when: str) -> bool:
        """Compare; say whether git relied on what fsmond told.

        Raises AssertionError if they differ, and if fsmond told nothing that could be relied on.
        """
        self._relied = [True]
        try:
            compare(self._repository, when, partial(self._ask, when))
        except AssertionError:
            if self._relied[-1]:
                raise
            # Told everything, git goes by the times of directories, to the second: its cache
            # may be wrong then, with whatever monitor and with none.
            for tree in self._repository.trees:
                git(tree, *_WITHOUT_CACHE, program=self._repository.program)
            compare(self._repository, when)
        return all(self._relied)

    def _ask(self, when: str, tree: Path, *arguments: str, program: str) -> str:
        remembered = self._remembered()
        queries, everything = self._told()
        said = git(tree, *arguments, program=program)
        queries_since, everything_since = self._told()
        assert queries_since > queries, f"fsmond was not asked {when}"
        once = queries_since - queries <= len(self._repository.trees)
        self._relied.append(remembered and once and self._remembered())
        if self._relied[-1]:
            assert everything_since == everything, f'"everything" was the answer {when}'
        return said

    def _told(self) -> tuple[int, int]:
        """Return how many queries were answered, and how many with "everything"."""
        trees = self._repository.trees
        return sum(status(tree)["queries"] for tree in trees), sum(map(told_everything, trees))

    def _remembered(self) -> bool:
        """Say whether git knows what it was told last; if not, it has to be told everything.

        It may forget that in the middle, and ask once more.
        """
        return all(_token(_index(tree).read_bytes()) for tree in self._repository.trees)


def told_everything(root: Path) -> int:
    """Return how many queries were answered so: rightly, but it proves nothing."""
    everything: dict[str, int] = status(root)["everything"]
    return sum(everything.values())


def _index(tree: Path) -> Path:
    worktree = place_of(tree).worktree
    assert worktree is not None
    return Path(os.fsdecode(worktree.gitdir), "index")


def _token(index: bytes) -> bytes:
    """Return what git asks with; nothing, or it is empty, where a sparse index was made whole."""
    _, found, extension = index.rpartition(b"FSMN")
    return extension[_FSMN:].partition(b"\0")[0] if found else b""


def _start(
    repository: Repository, tree: Path, arguments: tuple[str, ...]
) -> subprocess.Popen[bytes]:
    command = [repository.program, *REFERENCE, *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=tree, stdout=pipe, stderr=pipe)


def _differ(said: str, true: str) -> str:
    one, other = set(said.split("\n")), set(true.split("\n"))
    return f"wrong {sorted(one - other)[:_SHOWN]}, missing {sorted(other - one)[:_SHOWN]}"
