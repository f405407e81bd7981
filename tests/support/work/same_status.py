"""Compare git's status when it queries fsmond with its status after a full scan."""

import os
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from support.running import LONG, REFERENCE, git, status
from support.work.repositories import Repository

from fsmond.rendezvous import place_of

_OPTIONS = [
    ("status", "--porcelain=v2", f"--untracked-files={which}") for which in ("normal", "all")
]
_WITHOUT_CACHE = ("-c", "core.untrackedCache=false", "status")
_FSMN = 8  # bytes: the extension's size, and its version
_SHOWN = 20  # lines that differ

Ask = Callable[..., str]


def compare(repository: Repository, when: str, ask: Ask = git) -> None:
    """Compare both in each tree; raise AssertionError if they differ.  `ask` runs git."""
    for tree in repository.trees:
        with ExitStack() as stack:
            # The references write nothing, so they may run at the same time.
            references = [stack.enter_context(_start(repository, tree, each)) for each in _OPTIONS]
            for arguments, reference in zip(_OPTIONS, references, strict=True):
                actual = ask(tree, *arguments, program=repository.program)
                output, errors = reference.communicate(timeout=LONG)
                assert reference.returncode == 0, errors
                expected = output.decode(errors="surrogateescape")
                assert actual == expected, f"in {tree.name}, {when}: {_differ(actual, expected)}"


class Observer:
    """Compares repeatedly, and checks that git relied on exact answers of fsmond."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._relied: list[bool] = []  # for each status of the last comparison

    def compare(self, when: str) -> bool:
        """Compare; return whether git relied on exact answers.

        Raises AssertionError if the statuses differ, or if fsmond answered "everything" although
        git had a token.
        """
        self._relied = [True]
        try:
            compare(self._repository, when, partial(self._ask, when))
        except AssertionError:
            if self._relied[-1]:
                raise
            # After "everything", git compares the times of directories to the second: its cache
            # may then be wrong, with any monitor and without.
            for tree in self._repository.trees:
                git(tree, *_WITHOUT_CACHE, program=self._repository.program)
            compare(self._repository, when)
        return all(self._relied)

    def _ask(self, when: str, tree: Path, *arguments: str, program: str) -> str:
        had_token = self._has_token()
        queries, everything = self._counts()
        output = git(tree, *arguments, program=program)
        queries_after, everything_after = self._counts()
        assert queries_after > queries, f"fsmond got no query {when}"
        once = queries_after - queries <= len(self._repository.trees)
        self._relied.append(had_token and once and self._has_token())
        if self._relied[-1]:
            assert everything_after == everything, f'"everything" was the answer {when}'
        return output

    def _counts(self) -> tuple[int, int]:
        """Return how many queries were answered, and how many with "everything"."""
        trees = self._repository.trees
        return sum(status(tree)["queries"] for tree in trees), sum(map(everything_count, trees))

    def _has_token(self) -> bool:
        """Return whether git's indexes have the last token; otherwise the answer is everything.

        Git may lose it during a command, and query once more.
        """
        return all(_token(_index(tree).read_bytes()) for tree in self._repository.trees)


def everything_count(root: Path) -> int:
    """Return how many queries were answered with "everything": right, but it proves nothing."""
    everything: dict[str, int] = status(root)["everything"]
    return sum(everything.values())


def _index(tree: Path) -> Path:
    worktree = place_of(tree).worktree
    assert worktree is not None
    return Path(os.fsdecode(worktree.gitdir), "index")


def _token(index: bytes) -> bytes:
    """Return the token in git's index; empty if git has expanded a sparse index."""
    _, found, extension = index.rpartition(b"FSMN")
    return extension[_FSMN:].partition(b"\0")[0] if found else b""


def _start(
    repository: Repository, tree: Path, arguments: tuple[str, ...]
) -> subprocess.Popen[bytes]:
    command = [repository.program, *REFERENCE, *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=tree, stdout=pipe, stderr=pipe)


def _differ(actual: str, expected: str) -> str:
    one, other = set(actual.split("\n")), set(expected.split("\n"))
    return f"wrong {sorted(one - other)[:_SHOWN]}, missing {sorted(other - one)[:_SHOWN]}"
