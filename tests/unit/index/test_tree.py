"""The records of all directories of a tree, compared with it."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from support.wine import NO_LINKS

from fsmond.index.status import scan, stat
from fsmond.index.tree import Index

OLD = 1_600_000_000  # seconds since the epoch: long before any comparison


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a tree in which nothing is racy."""
    (tmp_path / "dir" / "deep").mkdir(parents=True)
    for name in ("top", "dir/file", "dir/deep/file"):
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.fixture
def index(root: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    """Make an index of the tree, some time later."""
    later(monkeypatch)
    made = Index(os.fsencode(root), {b".git", b"meta/git"})
    differing(made)
    return made


def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the clock an hour ahead, so that nothing is racy any more."""
    import time

    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 3600 * 10**9)


def differing(index: Index, tops: Iterable[bytes] = (b"",)) -> set[tuple[bytes, str]]:
    """Compare, and return what differs."""
    return {(each.path, each.kind.value) for one in index.walk(tops) for each in one.differences}


def test_an_unchanged_tree_does_not_differ(index: Index, root: Path) -> None:
    """However often it is compared or read."""
    (root / "top").read_text()

    assert differing(index) == set()
    assert differing(index) == set()
    assert len(index) == 3


def test_all_kinds_of_changes_are_found(index: Index, root: Path) -> None:
    """Each change is found once."""
    (root / "top").write_text("TOP")
    (root / "dir" / "file").unlink()
    (root / "dir" / "new").mkdir()
    (root / "dir" / "new" / "file").touch()
    (root / "dir" / "deep" / "file").unlink()
    (root / "dir" / "deep" / "file").mkdir()

    assert differing(index) == {
        (b"top", "changed"),
        (b"dir/file", "gone"),
        (b"dir/new/", "new"),
        (b"dir/new/file", "new"),
        (b"dir/deep/file", "gone"),
        (b"dir/deep/file/", "replaced"),
    }
    assert differing(index) == set()


def test_a_change_that_leaves_size_and_time_is_found(index: Index, root: Path) -> None:
    """A program can restore the modification time, but not the change time."""
    before = (root / "top").stat()
    (root / "top").write_text("pot")
    os.utime(root / "top", ns=(before.st_atime_ns, before.st_mtime_ns))

    assert differing(index) == {(b"top", "changed")}


def test_a_directory_that_is_gone_is_reported_path_by_path(index: Index, root: Path) -> None:
    """And its records are dropped: nothing of it is reported twice."""
    (root / "dir").rename(root.parent / "outside")

    assert differing(index) == {
        (b"dir/", "gone"),
        (b"dir/file", "gone"),
        (b"dir/deep/", "gone"),
        (b"dir/deep/file", "gone"),
    }
    assert len(index) == 1


def test_what_changed_a_moment_ago_is_reported_again(root: Path) -> None:
    """Another change within the same tick of the clock would look the same."""
    index = Index(os.fsencode(root))
    (root / "top").write_text("now")
    differing(index)

    uncertain = [each for one in index.walk([b""]) for each in one.differences]

    assert b"top" in {each.path for each in uncertain}
    assert not any(each.is_certain for each in uncertain)


def test_a_symbolic_link_is_itself(index: Index, root: Path) -> None:
    """Its target does not count: it may be anywhere."""
    (root / "link").symlink_to("/")
    if not (root / "link").is_symlink():
        pytest.skip(NO_LINKS)

    assert differing(index) == {(b"link", "new")}
    assert len(index) == 3


def test_a_link_in_place_of_a_directory_is_not_entered(index: Index, root: Path) -> None:
    """Not even when the directory is asked for by name."""
    (root / "dir").rename(root / "elsewhere")
    (root / "dir").symlink_to("elsewhere")

    found = {(each.path, each.kind.value) for each in index.compare(b"dir/deep/").differences}

    assert found == {(b"dir/deep/file", "gone")}
    assert b"dir/deep/" not in index


def test_what_is_excluded_is_not_compared(index: Index, root: Path) -> None:
    """The git directory, wherever it is, and the contents of nested ones."""
    (root / ".git" / "objects").mkdir(parents=True)
    (root / "meta" / "git" / "objects").mkdir(parents=True)
    (root / "dir" / ".git" / "objects").mkdir(parents=True)

    assert differing(index) == {(b"meta/", "new"), (b"dir/.git/", "new")}


def test_a_directory_that_fails_may_have_changed(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time, until it can be read; and then everything in it."""

    def failing(handle: str | int) -> object:
        if "deep" in os.listdir(handle):
            raise OSError(5, "broken")
        return scan(handle)

    with monkeypatch.context() as patch:
        patch.setattr("fsmond.index.reading.scan", failing)
        assert {path for path, _ in differing(index)} >= {b"dir/"}
        # A name in it makes Git list it again, whatever is there.
        assert differing(index) == {(b"dir/", "changed"), (b"dir/.fsmond", "changed")}

    assert {path for path, _ in differing(index)} >= {b"dir/", b"dir/file", b"dir/deep/"}
    assert differing(index) == set()


def test_a_root_that_fails_is_an_error(tmp_path: Path) -> None:
    """There is no path to report instead."""
    with pytest.raises(OSError, match=r"No such file|File not found|cannot find"):
        differing(Index(os.fsencode(tmp_path / "nowhere")))


@pytest.mark.skipif(sys.platform == "win32", reason="of Unix")
def test_all_names_of_a_file_are_known(index: Index, root: Path) -> None:
    """Also the first one, recorded when the file had no other."""
    os.link(root / "top", root / "dir" / "second")
    index.compare(b"dir/")

    assert list(index.links(set()).values()) == [{b"top", b"dir/second"}]


@pytest.mark.skipif(sys.platform == "win32", reason="of Unix")
def test_names_of_files_that_had_several_are_found_when_asked_for(index: Index, root: Path) -> None:
    """A file with one name left has no mark any more, but may be written by an open handle."""
    inode = (root / "top").stat().st_ino & 0xFFFFFFFF

    assert index.links({inode, 0}) == {inode: {b"top"}, 0: set()}


def test_what_changed_since_the_start_is_known_by_its_time(root: Path) -> None:
    """Files by their own times, new or vanished names by the times of the directory."""
    index = Index(os.fsencode(root))
    os.utime(root / "top", (OLD, OLD))  # this sets the change time, which makes it recent
    index.since = stat(str(root / "top")).st_ctime_ns

    compared = {each.prefix: each for each in index.walk([b""])}

    assert b"top" in compared[b""].recent
    index.since = stat(str(root / "top")).st_ctime_ns + 10**9
    compared = {each.prefix: each for each in index.walk([b""])}
    assert not any(each.recent or each.names_changed for each in compared.values())


@pytest.mark.skipif(sys.platform == "win32", reason="of Unix")
def test_paths_of_any_length_are_compared(root: Path) -> None:
    """A hundred levels of long names, and thousands of short ones."""
    handle = os.open(root, os.O_RDONLY)
    for name in ["d" * 200] * 60 + ["d"] * 1500:
        os.mkdir(name, dir_fd=handle)
        deeper = os.open(name, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = deeper
    os.close(handle)
    index = Index(os.fsencode(root))

    differing(index)

    assert len(index) == 3 + 60 + 1500
    assert index.compare(b"/".join([b"d" * 200] * 60) + b"/").differences == []
    subprocess.run(["rm", "-r", root / ("d" * 200)], check=True)  # shutil cannot


def test_a_directory_that_vanishes_during_a_walk_is_reported(index: Index, root: Path) -> None:
    """It was listed in the directory above, but its contents were not read."""
    (root / "dir" / "new").mkdir()
    walk = index.walk([b"dir/"])
    next(walk)
    (root / "dir" / "new").rename(root / "elsewhere")

    compared = {each.prefix: each for each in walk}

    assert compared[b"dir/new/"].may_have_had_transient_names


@pytest.mark.parametrize("tick", [False, True])
def test_a_transient_name_is_known_by_the_times_of_its_directory(
    index: Index, root: Path, tick: bool
) -> None:
    """Reported once, for the directory that had the name and for no other."""
    (root / "dir" / "new").touch()
    if tick:
        index.compare(b"dir/")
    (root / "dir" / "new").unlink()

    def changed() -> list[bytes]:
        return [each.prefix for each in index.walk([b""]) if each.may_have_had_transient_names]

    assert changed() == [b"dir/"]
    assert changed() == []


def test_a_directory_that_changed_a_moment_ago_may_change_again_unseen(root: Path) -> None:
    """Like a file, within one tick of the clock."""
    index = Index(os.fsencode(root))
    (root / "dir" / "new").touch()
    index.compare(b"dir/")

    assert index.compare(b"dir/").may_have_had_transient_names
