"""Tests for fsmond.git.ignore_sources; Git's answers are made up."""

import os
from pathlib import Path

import pytest

from fsmond.git import ignore_sources
from fsmond.git.ignore_sources import IgnoreSources
from fsmond.git.program import GitError


class FakeGit:
    """Answers as `git config` does."""

    def __init__(self) -> None:
        self.answer = b""
        self.error: GitError | None = GitError("it is not set", 1)
        self.calls = 0

    def __call__(self, *_: str, **__: bytes) -> bytes:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return self.answer

    def says(self, *settings: bytes) -> None:
        """Answer with these settings of the repository's own file."""
        self.error = None
        self.answer = b"".join(b"file:.git/config\0" + each + b"\0" for each in settings)


@pytest.fixture
def fake_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeGit:
    """Replace Git; make a home directory, and the directory of a repository."""
    (tmp_path / "root" / ".git").mkdir(parents=True)
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    fake = FakeGit()
    monkeypatch.setattr(ignore_sources, "git", fake)
    return fake


def sources_of(tmp_path: Path) -> IgnoreSources:
    """Return those of the repository."""
    root = os.fsencode(tmp_path / "root")
    return IgnoreSources(root, os.path.join(root, b".git"))


def named(sources: IgnoreSources) -> list[Path]:
    """Return the files after the repository's own one."""
    first, *others = [Path(os.fsdecode(path)) for path in sources()]
    assert first.parts[-3:] == (".git", "info", "exclude")
    return others


@pytest.mark.usefixtures("fake_git")
def test_the_user_has_a_file_that_needs_no_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """XDG_CONFIG_HOME moves it; empty, it counts as unset."""
    sources = sources_of(tmp_path)
    usual = tmp_path / ".config" / "git" / "ignore"

    assert named(sources) == [usual]
    monkeypatch.setenv("XDG_CONFIG_HOME", "")
    assert named(sources_of(tmp_path)) == [usual]
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "other"))
    assert named(sources_of(tmp_path)) == [tmp_path / "other" / "git" / "ignore"]


@pytest.mark.parametrize(
    ("value", "expected"), [(b"rules", ["rules"]), (b"sub/rules", ["sub/rules"]), (b"", [])]
)
def test_a_setting_replaces_the_users_file(
    tmp_path: Path, fake_git: FakeGit, value: bytes, expected: list[str]
) -> None:
    """Relative to the root; set to nothing, there is no such file."""
    fake_git.says(b"core.excludesfile\nfirst", b"core.excludesfile\n" + value)

    assert named(sources_of(tmp_path)) == [tmp_path / "root" / each for each in expected]


def test_without_an_answer_only_the_repositorys_own_rules_hold(
    tmp_path: Path, fake_git: FakeGit
) -> None:
    """Then too much is reported, and nothing is missed."""
    fake_git.error = GitError("it is broken", 128)

    assert named(sources_of(tmp_path)) == []


@pytest.mark.parametrize("file", [".gitconfig", ".config/git/config", "root/.git/config"])
def test_git_is_asked_again_if_its_configuration_changed_and_only_then(
    tmp_path: Path, fake_git: FakeGit, file: str
) -> None:
    """A query waits for the answer."""
    sources = sources_of(tmp_path)
    assert [len(sources()) for _ in range(3)] == [2, 2, 2]
    assert fake_git.calls == 1
    fake_git.says(b"core.excludesfile\nrules")
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).touch()

    assert named(sources) == [tmp_path / "root" / "rules"]


@pytest.mark.parametrize(
    ("setting", "file"),
    [
        (b"include.path\nmore", ".git/more"),
        (b"includeif.gitdir:/x/.path\n../more", "more"),
        (b"includeif.onbranch:main.path\nmore", ".git/HEAD"),
    ],
)
def test_included_files_are_part_of_the_configuration(
    tmp_path: Path, fake_git: FakeGit, setting: bytes, file: str
) -> None:
    """Also one that does not exist yet."""
    fake_git.says(setting)
    sources = sources_of(tmp_path)
    assert [len(sources()) for _ in range(4)] == [2] * 4
    assert fake_git.calls == 2, "once more, as the included file may have changed meanwhile"
    (tmp_path / "root" / file).touch()
    fake_git.says(setting, b"core.excludesfile\nrules")

    assert named(sources) == [tmp_path / "root" / "rules"]


def test_a_linked_worktree_shares_the_rules(tmp_path: Path, fake_git: FakeGit) -> None:
    """They are in the directory that all worktrees share."""
    assert fake_git.calls == 0
    own = tmp_path / "root" / ".git" / "worktrees" / "linked"
    own.mkdir(parents=True)
    (own / "commondir").write_text("../..\n")

    sources = IgnoreSources(bytes(tmp_path), bytes(own))

    assert sources()[0] == bytes(tmp_path / "root" / ".git" / "info" / "exclude")


@pytest.mark.parametrize(("answer", "expected"), [(b"true", True), (b"false", False)])
def test_case_is_ignored_if_git_says_so(
    tmp_path: Path, fake_git: FakeGit, answer: bytes, *, expected: bool
) -> None:
    """The setting may be in any file of the configuration."""
    sources = sources_of(tmp_path)
    assert not sources.ignore_case
    fake_git.error, fake_git.answer = None, answer

    assert sources.ignore_case is expected
