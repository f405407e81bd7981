"""Files that get another time at each change, however soon it follows."""

import mmap
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fsmond.index.fine_times import fine_device
from fsmond.index.tree import Index

ROUNDS = 300  # many of them within one tick of the clock for file times

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such times")


@pytest.fixture
def index(tmp_path: Path) -> Index:
    """Make an index of a tree with such times, in which a file was written just now."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "file").write_bytes(b"0")
    root = os.fsencode(tmp_path)
    if fine_device(root, [root + b"/.git"]) is None:
        pytest.skip("needs Linux 6.13, and a file system with multigrain timestamps")
    made = Index(root, [b".git"])
    made.prove_times()
    return made


def test_each_change_right_after_a_comparison_is_found_once(index: Index, tmp_path: Path) -> None:
    """Though size and inode stay the same; and what did not change is not reported again."""
    index.compare(b"dir/")
    for number in range(ROUNDS):
        (tmp_path / "dir" / "file").write_bytes(b"%d" % (number % 10))

        assert [(each.path, each.is_certain) for each in index.compare(b"dir/").differences] == [
            (b"dir/file", True)
        ]
        assert index.compare(b"dir/").differences == []


def _remove(file: Path) -> None:
    file.unlink()
    file.write_bytes(b"0")


def _move_in(file: Path) -> None:
    other = file.with_name("other")
    file.unlink()
    other.write_bytes(b"0")
    other.rename(file)


@pytest.mark.parametrize("replace", [_remove, _move_in])
def test_another_file_in_its_place_is_found(
    index: Index, tmp_path: Path, replace: Callable[[Path], None]
) -> None:
    """It may have the same inode and the same times, as nobody looked at those of this one."""
    for _ in range(ROUNDS):
        index.compare(b"dir/")
        replace(tmp_path / "dir" / "file")

        assert [each.path for each in index.compare(b"dir/").differences] == [b"dir/file"]
        replace(tmp_path / "dir" / "file")


def test_without_proof_what_changed_just_now_is_reported_again(
    index: Index, tmp_path: Path
) -> None:
    """It may have changed within the same tick."""
    unproven = Index(os.fsencode(tmp_path), [b".git"])
    for each in (index, unproven):
        each.compare(b"dir/")
    (tmp_path / "dir" / "file").write_bytes(b"1")

    assert len(index.compare(b"dir/").differences) == 1
    assert len(unproven.compare(b"dir/").differences) == 1
    assert index.compare(b"dir/").differences == []
    assert [each.is_certain for each in unproven.compare(b"dir/").differences] == [False]


def test_a_coarse_clock_proves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its ticks take a millisecond at least."""
    real, folder = os.fstat, os.fsencode(tmp_path)

    class Coarse:
        def __init__(self, descriptor: int) -> None:
            status = real(descriptor)
            self.st_dev = status.st_dev
            self.st_ctime_ns = status.st_ctime_ns // 1_000_000 * 1_000_000

    with monkeypatch.context() as patched:
        patched.setattr(os, "fstat", Coarse)
        found = fine_device(folder, [folder])

    assert found is None


def test_stores_that_leave_no_time_prove_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file may have changed by its memory map, and still have the same times."""

    class NoStore(mmap.mmap):
        def __setitem__(self, *_: object) -> None:
            pass

    folder = os.fsencode(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(mmap, "mmap", NoStore)
        found = fine_device(folder, [folder])

    assert found is None


@pytest.mark.parametrize("folder", [b"/proc", b"/nowhere", b"/dev/null"])
def test_where_no_file_can_be_made_nothing_is_proven(folder: bytes, tmp_path: Path) -> None:
    """The next folder is tried; none may be on another device."""
    root = os.fsencode(tmp_path)

    assert fine_device(root, [folder]) is None
    assert fine_device(root, [folder, root]) == fine_device(root, [root])


def test_the_probe_leaves_nothing_behind(tmp_path: Path) -> None:
    """Its file has no name."""
    fine_device(os.fsencode(tmp_path), [os.fsencode(tmp_path)])

    assert list(tmp_path.iterdir()) == []
