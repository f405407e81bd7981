"""Mercurial, whose extension fsmonitor comes with it."""

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from support.clients.driving import Command, Environment, run_anyway
from support.clients.installing import Clients
from support.clients.serving import UNSEEN, unnamed, watched_roots
from support.trees.random_changes import RandomChanges

pytestmark = pytest.mark.slow

VERSION = "mercurial==7.2.4"
STEPS = 25  # comparisons, each after up to four changes
# Mercurial refuses names with a newline; the extension fails at names that are not UTF-8.
NAMES = [b"a", b"b", b"c", b"dir", b"file.txt", b"-", b"d\xc3\xa9"]
# The extension goes on to list what was in a directory if a file has taken its place, whatever the
# server answers.
WITHOUT = [*UNSEEN, "directory_to_file", "exchange_file_and_directory"]


class Repository:
    """A repository whose `hg` uses the extension."""

    def __init__(self, hg: Path, root: Path, env: Environment) -> None:
        self.root = root
        self._hg = hg
        self.env = {**env, "HGRCPATH": "", "HGUSER": "A U Thor", "HGENCODING": "utf-8"}
        self.hg("init")
        (root / ".hg" / "hgrc").write_text("[extensions]\nfsmonitor =\n")

    def hg(self, *arguments: str) -> str:
        """Run Mercurial, which must succeed without a warning."""
        command: Command = [self._hg, *arguments]
        code, output, errors = run_anyway(command, cwd=self.root, env=self.env)
        assert (code, errors) == (0, ""), f"hg {arguments}: {errors}"
        return output

    def status(self) -> list[str]:
        """Return the status that the extension gives."""
        return sorted(self.hg("status").splitlines())

    def true_status(self) -> list[str]:
        """Return the status without the extension."""
        return sorted(self.hg("--config", "extensions.fsmonitor=!", "status").splitlines())


class ChangesBesideMercurial(RandomChanges):
    """Leaves Mercurial's own directory alone."""

    def _walk(self) -> Iterator[tuple[bytes, list[bytes], list[bytes]]]:
        for path, directories, files in super()._walk():
            if path == self.root:
                directories.remove(b".hg")
            yield path, directories, files


@pytest.fixture
def repository(clients: Clients, watchman: Environment, tree: Path) -> Repository:
    """Provide an empty repository."""
    return Repository(clients.python(VERSION) / "hg", tree, watchman)


def changes_to(repository: Repository, seed: int) -> RandomChanges:
    """Grow a committed tree; return what changes it at random."""
    outside = repository.root.with_name("outside")
    outside.mkdir()
    changes = ChangesBesideMercurial(
        repository.root, outside, Random(seed), without=WITHOUT, names=NAMES
    )
    changes.grow(10, 60)
    repository.hg("commit", "--quiet", "--addremove", "--message", "first")
    return changes


@pytest.mark.parametrize("seed", [1, 2])
def test_status_is_the_same_without_the_extension(repository: Repository, seed: int) -> None:
    """Mercurial looks only at what the server names, so what it does not name is missed."""
    changes = changes_to(repository, seed)

    for _ in range(STEPS):
        changes.make(changes._random.randint(1, 4))
        assert repository.status() == repository.true_status(), changes.log
    assert str(repository.root) in watched_roots(repository.env)


def test_an_update_announces_itself(repository: Repository) -> None:
    """Mercurial enters and leaves a state around it, and asks about the files that it wrote."""
    changes = changes_to(repository, 3)
    for number in range(3):
        changes.make(6)
        repository.hg("commit", "--quiet", "--addremove", "--message", f"{number}")

    for revision in ("0", "3", "1"):
        repository.hg("update", "--quiet", "--clean", revision)
        (repository.root / "a").write_text(revision)
        assert repository.status() == repository.true_status() != []


def test_a_second_status_asks_what_changed_since_the_first(repository: Repository) -> None:
    """The extension stores the server's clock, without which each status lists everything."""
    (repository.root / "file").write_text("content")
    repository.hg("commit", "--quiet", "--addremove", "--message", "first")
    repository.hg("status")
    repository.env = unnamed(repository.env)
    (repository.root / "file").write_text("changed")
    (repository.root / "new").touch()

    assert repository.status() == ["? new", "M file"]
    stored = (repository.root / ".hg" / "fsmonitor.state").read_bytes()
    assert stored.split(b"\0")[1 + stored[:4].count(b"\0")].startswith(b"c:")
    assert os.fsencode("new") in stored
