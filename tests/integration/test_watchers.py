"""What every watcher must report, one suite for all of them."""

import mmap
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from system_calls import exchange

from fsmond.daemon.monitor import Monitor
from fsmond.watching.choice import watcher_for_platform

Ask = Callable[[], set[bytes]]
EXCLUDED = frozenset({b".git", b"meta/gitdir"})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a tree with some directories and files."""
    tree = tmp_path / "tree"
    (tree / "dir" / "sub" / "deep").mkdir(parents=True)
    (tree / "other").mkdir()
    (tree / ".git").mkdir()
    (tree / "nested" / ".git").mkdir(parents=True)
    (tree / "meta" / "gitdir").mkdir(parents=True)
    for name in ("top", "dir/file", "dir/sub/file", "dir/sub/deep/file", "other/file"):
        (tree / name).write_text(name)
    return tree


@pytest.fixture
def ask(root: Path) -> Iterator[Ask]:
    """Watch the tree; each call returns what changed since the one before."""
    monitor = Monitor(os.fsencode(root), watcher_for_platform, excluded=EXCLUDED, patience=10)
    monitor.start(patience=30)
    token = bytes(monitor.query(None).token)

    def ask() -> set[bytes]:
        nonlocal token
        missed = monitor.query(token)
        token = bytes(missed.token)
        assert missed.paths is not None, missed.reason
        assert len(missed.paths) == len(set(missed.paths))
        return set(missed.paths)

    yield ask
    monitor.stop()


def test_nothing_changed_is_nothing_reported(ask: Ask) -> None:
    """Also not what the watcher did itself when it began."""
    assert ask() == set()


def test_a_new_file_is_reported(ask: Ask, root: Path) -> None:
    """By its path, relative to the root."""
    (root / "dir" / "new").touch()
    assert ask() == {b"dir/new"}


def test_a_written_file_is_reported(ask: Ask, root: Path) -> None:
    """The most usual change of all."""
    (root / "top").write_text("changed")
    assert ask() == {b"top"}


def test_a_change_of_mode_is_reported(ask: Ask, root: Path) -> None:
    """Git records whether a file can be executed."""
    (root / "top").chmod(0o755)
    assert ask() == {b"top"}


def test_a_deleted_file_is_reported(ask: Ask, root: Path) -> None:
    """It is a change, though there is nothing to see any more."""
    (root / "dir" / "file").unlink()
    assert ask() == {b"dir/file"}


def test_both_names_of_a_renamed_file_are_reported(ask: Ask, root: Path) -> None:
    """One went, one came."""
    (root / "top").rename(root / "other" / "moved")
    assert ask() == {b"top", b"other/moved"}


def test_a_symbolic_link_is_reported_as_itself(ask: Ask, root: Path) -> None:
    """What it leads to is another matter."""
    (root / "link").symlink_to("dir")
    (root / "dir" / "sub" / "file").write_text("through the real path")
    assert ask() == {b"link", b"dir/sub/file"}


def test_names_are_bytes(ask: Ask, root: Path) -> None:
    """A name may hold a line's end, and be no UTF-8."""
    name = b"new\nline \xff\xfe"
    os.close(os.open(os.path.join(os.fsencode(root), name), os.O_CREAT))
    assert ask() == {name}


def test_reading_reports_nothing(ask: Ask, root: Path) -> None:
    """Or a search through the tree would look like a change of all of it."""
    for path in root.rglob("*"):
        if path.is_file():
            path.read_bytes()
    assert ask() == set()


def test_a_store_through_a_memory_map_is_reported(ask: Ask, root: Path) -> None:
    """No write is ever seen: only that the last mapping goes."""
    with (root / "top").open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[0] = 33
    assert ask() == {b"top"}


def test_a_new_directory_is_reported_with_everything_in_it(ask: Ask, root: Path) -> None:
    """Most of it was made before anybody could watch."""
    (root / "new" / "a" / "b").mkdir(parents=True)
    (root / "new" / "a" / "b" / "file").touch()
    assert ask() == {b"new/", b"new/a/", b"new/a/b/", b"new/a/b/file"}
    (root / "new" / "a" / "b" / "second").touch()
    assert ask() == {b"new/a/b/second"}


def test_a_change_below_a_renamed_directory_has_its_new_name(ask: Ask, root: Path) -> None:
    """The directories below it keep their watches, and have other paths."""
    (root / "dir").rename(root / "renamed")
    first = ask()
    (root / "renamed" / "sub" / "deep" / "file").write_text("changed")
    (root / "renamed" / "sub" / "deep" / "new").touch()
    assert ask() == {b"renamed/sub/deep/file", b"renamed/sub/deep/new"}
    assert first >= {b"dir/", b"renamed/", b"renamed/sub/", b"renamed/sub/deep/file"}


def test_exchanged_directories_are_both_reported(ask: Ask, root: Path) -> None:
    """Each is where the other was, in one step."""
    exchange(os.fsencode(root / "dir"), os.fsencode(root / "other"))
    first = ask()
    (root / "other" / "sub" / "file").write_text("changed")
    (root / "dir" / "file").write_text("changed")
    assert ask() == {b"other/sub/file", b"dir/file"}
    assert first >= {b"dir/", b"dir/file", b"other/", b"other/sub/", b"other/sub/deep/file"}


def test_a_directory_that_is_moved_out_is_forgotten(ask: Ask, root: Path, tmp_path: Path) -> None:
    """What happens to it elsewhere is no change of the tree."""
    (root / "dir").rename(tmp_path / "outside")
    assert ask() >= {b"dir/", b"dir/sub/", b"dir/sub/deep/"}
    (tmp_path / "outside" / "sub" / "file").write_text("changed")
    assert ask() == set()


def test_a_directory_that_is_moved_in_is_watched(ask: Ask, root: Path, tmp_path: Path) -> None:
    """With all below it."""
    outside = tmp_path / "outside"
    (outside / "sub").mkdir(parents=True)
    (outside / "sub" / "file").touch()
    outside.rename(root / "dir" / "in")
    assert ask() == {b"dir/in/", b"dir/in/sub/", b"dir/in/sub/file"}
    (root / "dir" / "in" / "new").touch()
    assert ask() == {b"dir/in/new"}


def test_a_replaced_directory_is_reported_with_a_path_below_it(ask: Ask, root: Path) -> None:
    """Git lists a directory anew only if a path below it is reported, too."""
    (root / "empty").mkdir()
    assert ask() == {b"empty/"}
    (root / "other").rename(root / "old")
    (root / "empty").rename(root / "other")
    assert ask() >= {b"other/", b"other/file", b"old/", b"old/file", b"empty/"}


def test_a_removed_tree_is_reported(ask: Ask, root: Path) -> None:
    """Each of its paths, as each went by itself."""
    shutil.rmtree(root / "dir")
    assert ask() == {
        b"dir/",
        b"dir/file",
        b"dir/sub/",
        b"dir/sub/file",
        b"dir/sub/deep/",
        b"dir/sub/deep/file",
    }


def test_a_file_in_place_of_a_directory_is_reported_as_both(ask: Ask, root: Path) -> None:
    """One went, one came, under the same name."""
    shutil.rmtree(root / "other")
    (root / "other").touch()
    assert ask() == {b"other/file", b"other/", b"other"}


def test_the_git_directory_is_left_out(ask: Ask, root: Path) -> None:
    """It is Git's own; a file of that name, as in a linked worktree, is too."""
    (root / ".git" / "index").touch()
    (root / ".git" / "objects").mkdir()
    assert ask() == set()
    shutil.rmtree(root / ".git")
    (root / ".git").write_text("gitdir: elsewhere")
    assert ask() == set()


def test_a_git_directory_elsewhere_in_the_tree_is_left_out(ask: Ask, root: Path) -> None:
    """As after `git init --separate-git-dir`."""
    (root / "meta" / "gitdir" / "index").touch()
    (root / "meta" / "seen").touch()
    assert ask() == {b"meta/seen"}


def test_nothing_inside_nested_git_directories_is_reported(ask: Ask, root: Path) -> None:
    """Git looks at what is behind a gitlink by itself; the files beside are as all others."""
    (root / "nested" / ".git" / "index").touch()
    (root / "nested" / "file").touch()
    (root / "dir" / "cloned" / ".git" / "objects").mkdir(parents=True)
    (root / "dir" / "cloned" / ".gitignore").touch()
    assert ask() == {
        b"nested/file",
        b"dir/cloned/",
        b"dir/cloned/.git/",
        b"dir/cloned/.gitignore",
    }
    (root / "dir" / "cloned" / ".git" / "objects" / "pack").touch()
    assert ask() == set()


def test_a_hundred_thousand_events_are_not_too_many(ask: Ask, root: Path) -> None:
    """The queue is read faster than a program fills it."""
    for number in range(20_000):
        path = root / "other" / str(number % 500)
        path.touch()
        path.unlink()
    assert ask() == {b"other/%d" % number for number in range(500)}
