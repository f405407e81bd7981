"""What only Windows has: its buffers, its names, its locks."""

import ctypes
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform != "win32":
    pytest.skip("needs Windows, or Wine", allow_module_level=True)
assert sys.platform == "win32"  # for the type checker

from backends import until_built, watching
from lossy_windows import losing_reads
from steps import make
from wine import REMOVED_LATE, is_wine, telling_of_all

from fsmond.daemon.monitor import Monitor
from fsmond.files_windows import any_length
from fsmond.watching import reading_windows
from fsmond.watching.aliases_windows import long_name, may_be_alias
from fsmond.watching.native import NativeWatcher
from fsmond.watching.reading_windows import Reader, changes

EVENTS = "ReadDirectoryChangesW"


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Make a tree."""
    tree = tmp_path / "tree"
    tree.mkdir()
    with telling_of_all(tree):
        (tree / "dir" / "sub").mkdir(parents=True)
        (tree / "dir" / "sub" / "file").touch()
        (tree / "a longer name.text").touch()
        (tree / ".git").mkdir()
        yield tree


@pytest.fixture
def monitor(root: Path) -> Iterator[Monitor]:
    """Watch it."""
    with watching(root, EVENTS, frozenset({b".git"})) as made:
        until_built(made)
        yield made


def test_a_read_that_returns_nothing_is_a_loss_that_the_index_makes_good(
    monitor: Monitor, root: Path
) -> None:
    """Tokens stay good, and directories that came meanwhile are known."""
    token = bytes(monitor.query(None).token)
    with losing_reads(monitor):
        (root / "first").touch()  # the read that goes on is not wrapped yet
        time.sleep(0.05)
        (root / "came" / "deep").mkdir(parents=True)
        (root / "came" / "deep" / "file").touch()
        make(root, ("rmtree", "dir"))

    missed = monitor.query(token)

    # Names came to the root: where only the index knows, that is everything.
    assert (missed.paths, missed.reason) == (None, "overflow")
    assert [each.reason for each in monitor.resyncs.newest][:1] == ["overflow"]
    make(root, ("rmtree", "came"))
    again = set(monitor.query(bytes(missed.token)).paths or ())
    assert again >= {b"came/", b"came/deep/", b"came/deep/file"}


def test_a_small_buffer_loses_nothing_for_good(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it overflows or not."""
    monkeypatch.setattr(reading_windows, "SIZES", (4096, 4096))
    with watching(root, EVENTS) as monitor:
        until_built(monitor)
        token = bytes(monitor.query(None).token)
        names = [f"a name that is long enough to fill it {number}" for number in range(500)]
        for name in names:
            (root / "dir" / name).touch()
        assert set(monitor.query(token).paths or ()) >= {f"dir/{name}".encode() for name in names}


def test_the_root_can_be_renamed_while_it_is_watched(monitor: Monitor, root: Path) -> None:
    """The daemon is in nobody's way; and it ends."""
    root.rename(root.with_name("elsewhere"))
    assert monitor.query(None).reason == "degraded"
    assert monitor.ended is not None
    root.with_name("elsewhere").rename(root)


def test_the_root_can_be_removed_while_it_is_watched(monitor: Monitor, root: Path) -> None:
    """As any directory in it."""
    if is_wine():
        pytest.skip(REMOVED_LATE)
    shutil.rmtree(root)
    assert monitor.query(None).reason == "degraded"
    assert monitor.ended is not None


def test_any_directory_can_be_renamed_at_any_time(monitor: Monitor, root: Path) -> None:
    """Also while it is listed, by the watcher or for the index."""
    for number in range(100):
        (root / "dir" / "sub" / str(number)).touch()
        os.rename(root / "dir", root / "other")
        monitor.tick()
        os.rename(root / "other", root / "dir")


def test_a_name_told_in_its_short_form_is_resolved(root: Path) -> None:
    """As the file system shows it, not as a program wrote it."""
    short = ctypes.create_unicode_buffer(1000)
    base = any_length(str(root)) + "\\"
    ctypes.windll.kernel32.GetShortPathNameW(f"{root}\\a longer name.text", short, 1000)
    name = short.value.rpartition("\\")[2]
    if "~" not in name:
        pytest.skip("the file system makes no short names")

    assert long_name(base, name.encode()) == b"a longer name.text"
    assert long_name(base, b"GONE~1.TEX") is None


@pytest.mark.parametrize(
    ("path", "may_be"),
    [
        (b"ALONGE~1.TEX", True),
        (b"dir/PROGRA~2/file", True),
        (b"dir/file", False),
        (b"file~", False),
        (b"#file#~", False),
        (b"file.text~", False),
        (b"a name with~1 blanks.txt", False),
    ],
)
def test_what_may_be_a_short_name_looks_like_one(path: bytes, may_be: bool) -> None:
    """Editors' backups do not: each that is gone would cost a comparison."""
    assert may_be_alias(path) is may_be


def test_a_short_name_of_what_is_gone_is_left_to_the_index(
    monitor: Monitor, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can tell its whole name any more, but who knew it before."""
    token = bytes(monitor.query(None).token)
    real = reading_windows.changes

    def in_short_form(data: bytes) -> list[tuple[int, bytes]]:
        return [
            (action, path.replace(b"a longer name.text", b"ALONGE~1.TEX"))
            for action, path in real(data)
        ]

    monkeypatch.setattr("fsmond.watching.windows.changes", in_short_form)
    (root / "a longer name.text").unlink()

    missed = monitor.query(token)
    assert b"a longer name.text" in (missed.paths or ()) or missed.reason == "overflow"


def test_two_monitors_are_strangers(root: Path, tmp_path: Path) -> None:
    """In one process, and of one tree."""
    (tmp_path / "second").mkdir()
    with (
        watching(root, EVENTS) as one,
        watching(tmp_path / "second", EVENTS) as other,
        watching(root, EVENTS) as twin,
    ):
        tokens = [bytes(each.query(None).token) for each in (one, other, twin)]
        (root / "new").touch()
        (tmp_path / "second" / "file").touch()
        found = [
            each.query(token).paths for each, token in zip((one, other, twin), tokens, strict=True)
        ]
    assert found == [[b"new"], [b"file"], [b"new"]]


def test_a_paused_reader_makes_nobody_wait_longer_than_promised(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is "everything"; no cookie is left behind."""
    with watching(root, EVENTS, frozenset({b".git"}), patience=0.5) as monitor:
        token = bytes(monitor.query(None).token)
        watcher = monitor.watcher
        assert isinstance(watcher, NativeWatcher)
        monkeypatch.setattr(watcher, "_hand_on", lambda _: None)
        monkeypatch.setattr(watcher._source, "_hand_on", lambda _: None)
        begun = time.monotonic()
        missed = monitor.query(token)
        assert (missed.paths, missed.reason) == (None, "sync-timeout")
        assert time.monotonic() - begun < 1.5
    assert list((root / ".git" / "fsmond" / "cookies").iterdir()) == []


def test_names_are_read_however_they_are_made() -> None:
    """Also one that is no UTF-16, which Windows allows."""
    record = (
        b"\0\0\0\0" + b"\1\0\0\0" + b"\4\0\0\0" + "x\ud800".encode("utf-16-le", "surrogatepass")
    )
    assert list(changes(record)) == [(1, b"x\xed\xa0\x80")]


def test_a_reader_ends_when_it_is_woken(tmp_path: Path) -> None:
    """And its handle is closed: the directory can be removed for good."""
    (tmp_path / "own").mkdir()
    reader = Reader(str(tmp_path / "own"))
    reader.wake()
    assert reader.read() is None
    reader.close()
    (tmp_path / "own").rmdir()
    (tmp_path / "own").mkdir()
