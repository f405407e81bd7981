"""The hook for Watchman that comes with git."""

import os
import shutil
from pathlib import Path
from random import Random

import pytest
from support.clients.driving import Command, Environment, run, run_anyway
from support.clients.serving import UNSEEN, watched_roots
from support.running import REFERENCE, modern_git, skip_missing
from support.trees.random_changes import RandomChanges

pytestmark = pytest.mark.slow

STEPS = 25  # comparisons, each after up to four changes
# Of names that are not UTF-8, Watchman 4.9 makes no JSON, and so the hook fails.
NAMES = [b"a", b"b", b"c", b"dir", b"file.txt", b"-", b"d\xc3\xa9", b"new\nline", b" ", b'"q"']


class Repository:
    """A repository whose git asks the hook."""

    def __init__(self, git: str, root: Path, env: Environment) -> None:
        self.root = root
        self.env = env
        self._git = git
        self.git("init", "--quiet")
        sample = root / ".git" / "hooks" / "fsmonitor-watchman.sample"
        if not sample.exists() or not shutil.which("perl"):
            skip_missing("needs perl, and git's sample hooks")
        self._hook = sample.with_name("query-watchman")
        shutil.copy(sample, self._hook)
        self.git("config", "core.fsmonitor", str(self._hook))
        self.git("config", "core.fsmonitorHookVersion", "2")
        self.git("config", "core.untrackedCache", "true")

    def git(self, *arguments: str) -> str:
        """Run git, which must succeed, and without a warning of the hook."""
        command: Command = [self._git, *arguments]
        code, output, errors = run_anyway(command, cwd=self.root, env=self.env)
        assert (code, errors) == (0, ""), arguments
        return output

    def status(self) -> str:
        """Return the status, for which git asks the hook."""
        return self.git("status", "--porcelain")

    def true_status(self) -> str:
        """Return the status without the hook."""
        return self.git(*REFERENCE, "status", "--porcelain")

    def ask(self, token: str) -> tuple[str, set[str]]:
        """Ask the hook as git does; return the new token, and the paths that changed."""
        answer = run([self._hook, "2", token], cwd=self.root, env=self.env)
        new, *paths = answer.split("\0")
        return new, set(paths)


@pytest.fixture(params=["system", "modern"])
def repository(request: pytest.FixtureRequest, watchman: Environment, tree: Path) -> Repository:
    """Provide a repository, and the hook of a git in it."""
    git = "git" if request.param == "system" else modern_git()
    return Repository(git, tree, watchman)


def changes_to(repository: Repository, seed: int) -> RandomChanges:
    """Grow a committed tree; return what changes it at random."""
    outside = repository.root.with_name("outside")
    outside.mkdir()
    changes = RandomChanges(repository.root, outside, Random(seed), without=UNSEEN, names=NAMES)
    changes.grow(10, 60)
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message=first")
    return changes


@pytest.mark.parametrize("seed", [1, 2])
def test_status_is_the_same_without_the_hook(repository: Repository, seed: int) -> None:
    """Git looks only at what the hook names, so what it does not name is missed."""
    changes = changes_to(repository, seed)

    for step in range(STEPS):
        changes.make(changes._random.randint(1, 4))
        assert repository.status() == repository.true_status(), changes.log
        if step % 5 == 4:
            repository.git("add", "--all")
            repository.git("commit", "--quiet", "--message", f"{step}")
    assert watched_roots(repository.env) == [os.fspath(repository.root)]


def test_a_directory_is_watched_from_the_first_question_on(repository: Repository) -> None:
    """The hook answers "everything" then, and what changed since from then on."""
    (repository.root / "file").touch()

    first, everything = repository.ask("builtin:fake")
    second, nothing = repository.ask(first)
    (repository.root / "d\u00e9").touch()
    third, changed = repository.ask(second)
    (repository.root / "file").unlink()
    _, deleted = repository.ask(third)

    assert any(path.startswith("/") for path in everything)
    assert "file" not in nothing
    assert "d\u00e9" in changed
    assert "file" in deleted
    assert all(token.startswith("c:") for token in (first, second, third))
