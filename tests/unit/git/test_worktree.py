"""Which worktree holds a path, and where its git directory is."""

import os
import sys
from pathlib import Path

import pytest
from systems import IS_WINDOWS, needs_links, needs_names_of_any_bytes, of_windows

from fsmond.git.worktree import find, gitdir_of, is_within


def make_gitdir(path: Path) -> Path:
    """Make as much of a git directory as is looked at."""
    path.mkdir(parents=True)
    (path / "HEAD").write_text("ref: refs/heads/main\n")
    return path


def found_at(directory: Path) -> tuple[Path, Path] | None:
    """Return the worktree and its git directory."""
    worktree = find(bytes(directory), {})
    if worktree is None:
        return None
    return Path(os.fsdecode(worktree.root)), Path(os.fsdecode(worktree.gitdir))


def test_a_directory_with_a_git_directory_is_a_worktree(tmp_path: Path) -> None:
    """The usual case."""
    gitdir = make_gitdir(tmp_path / ".git")

    assert found_at(tmp_path) == (tmp_path, gitdir)


def test_a_directory_below_belongs_to_the_worktree_that_holds_it(tmp_path: Path) -> None:
    """People call fsmond wherever they stand."""
    gitdir = make_gitdir(tmp_path / ".git")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)

    assert found_at(below) == (tmp_path, gitdir)


def test_the_innermost_worktree_holds_a_path(tmp_path: Path) -> None:
    """A submodule or a nested repository is a tree of its own."""
    make_gitdir(tmp_path / ".git")
    inner = make_gitdir(tmp_path / "sub" / ".git")

    assert found_at(tmp_path / "sub") == (tmp_path / "sub", inner)


def test_a_git_directory_without_head_is_none(tmp_path: Path) -> None:
    """Git too goes on to look above; an empty `.git` may be left by anything."""
    outer = make_gitdir(tmp_path / ".git")
    (tmp_path / "sub" / ".git").mkdir(parents=True)

    assert found_at(tmp_path / "sub") == (tmp_path, outer)


@needs_links
def test_a_head_that_leads_nowhere_is_a_head(tmp_path: Path) -> None:
    """It once was a symbolic link to a branch that may not exist yet."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").symlink_to("refs/heads/main")

    assert gitdir_of(bytes(tmp_path)) == bytes(tmp_path / ".git")


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n"])
def test_a_git_file_names_the_git_directory(tmp_path: Path, ending: str) -> None:
    """Linked worktrees and submodules have one; some editors end lines their own way."""
    gitdir = make_gitdir(tmp_path / "main" / ".git" / "worktrees" / "linked")
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / ".git").write_text(f"gitdir: {gitdir}{ending}")

    assert found_at(linked) == (linked, gitdir)


def test_a_git_file_may_be_relative_to_where_it_is(tmp_path: Path) -> None:
    """Submodules' are, so that the whole can be moved."""
    gitdir = make_gitdir(tmp_path / ".git" / "modules" / "sub")
    sub = tmp_path / "sub"
    sub.mkdir()
    (sub / ".git").write_text("gitdir: ../.git/modules/sub\n")

    assert found_at(sub) == (sub, gitdir)


@needs_names_of_any_bytes
def test_a_git_file_may_name_a_path_of_any_bytes(tmp_path: Path) -> None:
    """Paths are bytes, also those in files."""
    gitdir = make_gitdir(Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9 with space")))
    sub = tmp_path / "sub"
    sub.mkdir()
    (sub / ".git").write_bytes(b"gitdir: ../caf\xe9 with space\n")

    assert found_at(sub) == (sub, gitdir)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        b"gitdir:",
        b"gitdir: nowhere\n",
        b"gitdir: /nowhere/at/all\n",
        b"xgitdir: .\n",
        b"GITDIR: .\n",
        b"ref: refs/heads/main\n",
        b"gitdir: a\0b\n",
        b"gitdir: \xff\n",
        b"gitdir: " + b"x" * 10_000,
        b"\xff" * 10_000,
    ],
)
def test_a_broken_git_file_names_nothing(tmp_path: Path, text: bytes) -> None:
    """It is no reason to raise: a worktree above may hold the path."""
    (tmp_path / ".git").write_bytes(text)

    assert gitdir_of(bytes(tmp_path)) is None


# Shows a defect: `gitdir: DIRECTORY` is taken for a git directory if only it is a directory.
@pytest.mark.parametrize("named", [".", "empty"])
def test_a_git_file_that_names_a_directory_without_head_names_nothing(
    tmp_path: Path, named: str
) -> None:
    """What is no git directory when it is called `.git` is none under another name."""
    (tmp_path / "empty").mkdir()
    (tmp_path / ".git").write_text(f"gitdir: {named}\n")

    assert gitdir_of(bytes(tmp_path)) is None


# Shows a defect: the path is made shorter as text, `link/..` goes away without the link.
@pytest.mark.skipif(IS_WINDOWS, reason="there the system itself makes it shorter as text")
def test_a_git_file_is_followed_as_the_system_follows_it(tmp_path: Path) -> None:
    """What is behind a symbolic link's `..` is above the directory that it leads to."""
    gitdir = make_gitdir(tmp_path / "far" / "gitdir")
    (tmp_path / "far" / "deep").mkdir()
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to("../far/deep")
    (root / ".git").write_text("gitdir: link/../gitdir\n")

    named = gitdir_of(bytes(root))

    assert named is not None
    assert os.path.realpath(named) == bytes(gitdir)


# Shows a defect: a fifo is opened, which waits without limit for somebody who writes.  Here
# somebody does, so that the test need not wait as well.
def test_a_fifo_is_no_git_file(tmp_path: Path) -> None:
    """Git looks at plain files only; a query must not hang on what lies about."""
    if sys.platform == "win32":
        pytest.skip("there are no fifos")
    make_gitdir(tmp_path / "real")
    os.mkfifo(tmp_path / ".git")
    descriptor = os.open(tmp_path / ".git", os.O_RDWR)
    try:
        os.write(descriptor, b"gitdir: real\n")
        found = gitdir_of(bytes(tmp_path))
    finally:
        os.close(descriptor)

    assert found is None


def test_the_search_ends_at_the_root() -> None:
    """It has itself for a parent."""
    worktree = find(b"/", {})

    assert worktree is None or worktree.root == b"/"


def test_a_directory_that_is_gone_has_no_git_directory(tmp_path: Path) -> None:
    """It may vanish at any time; that is no error."""
    assert gitdir_of(bytes(tmp_path / "gone")) is None


@pytest.mark.parametrize(
    ("directory", "root", "expected"),
    [
        ("a", "a", True),
        ("a/b", "a", True),
        ("ab", "a", False),
        ("a", "a/b", False),
        ("a", "", True),
    ],
)
def test_a_directory_is_within_one_above_it(directory: str, root: str, expected: bool) -> None:
    """Also in the root of all, whose path ends with what others have behind."""
    top = os.path.abspath(os.sep)

    within = is_within(os.fsencode(os.path.join(top, directory)), os.fsencode(top + root))

    assert within is expected


@of_windows
@pytest.mark.parametrize("path", [b"C:\\Work\\sub", b"c:\\work\\SUB", b"c:/work/sub"])
def test_how_a_path_is_written_is_nothing_to_windows(path: bytes) -> None:
    """Both kinds of slashes, and letters of both kinds."""
    assert is_within(path, b"C:\\WORK")


def test_the_git_directory_is_named_by_a_file_in_its_place(tmp_path: Path) -> None:
    """To Windows there just is nothing below a file, which is not to be taken for no `.git`."""
    gitdir = make_gitdir(tmp_path / "far")
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / ".git").write_text(f"gitdir: {gitdir.as_posix()}\n")

    assert found_at(tmp_path / "tree" / "sub") == (tmp_path / "tree", gitdir)
