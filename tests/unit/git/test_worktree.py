"""Find the worktree that contains a path, and its git directory."""

import os
import sys
from pathlib import Path

import pytest
from support.systems import IS_WINDOWS, needs_links, needs_names_of_any_bytes, windows_only

from fsmond.git.worktree import find, gitdir_of, is_within


def make_gitdir(path: Path) -> Path:
    """Make the part of a git directory that is checked."""
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


def test_a_subdirectory_belongs_to_the_worktree_that_contains_it(tmp_path: Path) -> None:
    """People run fsmond in any directory."""
    gitdir = make_gitdir(tmp_path / ".git")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)

    assert found_at(below) == (tmp_path, gitdir)


def test_a_path_belongs_to_the_innermost_worktree(tmp_path: Path) -> None:
    """A submodule or a nested repository is a tree of its own."""
    make_gitdir(tmp_path / ".git")
    inner = make_gitdir(tmp_path / "sub" / ".git")

    assert found_at(tmp_path / "sub") == (tmp_path / "sub", inner)


def test_a_git_directory_without_head_is_ignored(tmp_path: Path) -> None:
    """Git continues above as well; any program may leave an empty `.git`."""
    outer = make_gitdir(tmp_path / ".git")
    (tmp_path / "sub" / ".git").mkdir(parents=True)

    assert found_at(tmp_path / "sub") == (tmp_path, outer)


@needs_links
def test_a_head_that_is_a_broken_link_counts(tmp_path: Path) -> None:
    """HEAD used to be a symbolic link to a branch, which may not exist yet."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").symlink_to("refs/heads/main")

    assert gitdir_of(bytes(tmp_path)) == bytes(tmp_path / ".git")


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n"])
def test_a_git_file_names_the_git_directory(tmp_path: Path, ending: str) -> None:
    """Linked worktrees and submodules have one; editors differ in how they end lines."""
    gitdir = make_gitdir(tmp_path / "main" / ".git" / "worktrees" / "linked")
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / ".git").write_text(f"gitdir: {gitdir}{ending}")

    assert found_at(linked) == (linked, gitdir)


def test_the_path_in_a_git_file_may_be_relative_to_it(tmp_path: Path) -> None:
    """Submodules have relative paths, so that the superproject can be moved."""
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
    """It is not an error: a worktree above may contain the path."""
    (tmp_path / ".git").write_bytes(text)

    assert gitdir_of(bytes(tmp_path)) is None


# Shows a defect: any directory in `gitdir: DIRECTORY` was taken for a git directory.
@pytest.mark.parametrize("named", [".", "empty"])
def test_a_git_file_that_names_a_directory_without_head_names_nothing(
    tmp_path: Path, named: str
) -> None:
    """A directory that is no git directory when named `.git` is none under another name."""
    (tmp_path / "empty").mkdir()
    (tmp_path / ".git").write_text(f"gitdir: {named}\n")

    assert gitdir_of(bytes(tmp_path)) is None


# Shows a defect: the path was normalized as text, so `link/..` vanished without reading the link.
@pytest.mark.skipif(IS_WINDOWS, reason="Windows itself normalizes paths as text")
def test_the_path_in_a_git_file_is_resolved_as_by_the_system(tmp_path: Path) -> None:
    """`link/..` is the parent of the directory to which the symbolic link leads."""
    gitdir = make_gitdir(tmp_path / "far" / "gitdir")
    (tmp_path / "far" / "deep").mkdir()
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to("../far/deep")
    (root / ".git").write_text("gitdir: link/../gitdir\n")

    named = gitdir_of(bytes(root))

    assert named is not None
    assert os.path.realpath(named) == bytes(gitdir)


# Shows a defect: a FIFO was opened, which blocks until there is a writer.  Here there is one, so
# that the test cannot hang.
def test_a_fifo_is_not_a_git_file(tmp_path: Path) -> None:
    """Git accepts regular files only, and a query must not hang."""
    if sys.platform == "win32":
        pytest.skip("Windows has no FIFOs")
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
    """The root is its own parent."""
    worktree = find(b"/", {})

    assert worktree is None or worktree.root == b"/"


def test_a_directory_that_is_gone_has_no_git_directory(tmp_path: Path) -> None:
    """It may vanish at any time; that is not an error."""
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
    """Also in the root of the file system, whose path ends with a separator."""
    top = os.path.abspath(os.sep)

    within = is_within(os.fsencode(os.path.join(top, directory)), os.fsencode(top + root))

    assert within is expected


@windows_only
@pytest.mark.parametrize("path", [b"C:\\Tree\\sub", b"c:\\tree\\SUB", b"c:/tree/sub"])
def test_slashes_and_case_do_not_matter_on_windows(path: bytes) -> None:
    """The same path has many spellings."""
    assert is_within(path, b"C:\\TREE")


def test_a_git_file_is_found_from_a_subdirectory(tmp_path: Path) -> None:
    """Windows reports a path below a file as missing, which does not mean that `.git` is."""
    gitdir = make_gitdir(tmp_path / "far")
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / ".git").write_text(f"gitdir: {gitdir.as_posix()}\n")

    assert found_at(tmp_path / "tree" / "sub") == (tmp_path / "tree", gitdir)
