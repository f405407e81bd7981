"""What is special to Windows: buffers, names, locks."""

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

from support.backends import until_built, watching
from support.lossy_windows import losing_reads
from support.trees.steps import make
from support.wine import REMOVED_LATE, is_wine, reporting_all_directories

from fsmond.monitor.monitor import Monitor
from fsmond.watching.native import reading_windows
from fsmond.watching.native.aliases_windows import long_name, may_be_alias
from fsmond.watching.native.reading_windows import Reader, changes
from fsmond.watching.native.watcher import NativeWatcher
from fsmond.windows.files import any_length

EVENTS = "ReadDirectoryChangesW"


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Make a tree."""
    tree = tmp_path / "tree"
    tree.mkdir()
    with reporting_all_directories(tree):
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


def test_the_index_finds_what_an_empty_read_lost(monitor: Monitor, root: Path) -> None:
    """Tokens stay valid, and directories that appeared meanwhile are known."""
    token = bytes(monitor.query(None).token)
    with losing_reads(monitor):
        (root / "first").touch()  # the pending read is not wrapped yet
        time.sleep(0.05)
        (root / "came" / "deep").mkdir(parents=True)
        (root / "came" / "deep" / "file").touch()
        make(root, ("rmtree", "dir"))

    changes = monitor.query(token)

    # Names appeared in the root: if only the index knows, the answer is everything.
    assert (changes.paths, changes.reason) == (None, "overflow")
    assert [each.reason for each in monitor.resyncs.newest][:1] == ["overflow"]
    make(root, ("rmtree", "came"))
    again = set(monitor.query(bytes(changes.token)).paths or ())
    assert again >= {b"came/", b"came/deep/", b"came/deep/file"}


def test_a_small_buffer_loses_no_change(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    """The daemon does not block that; and it ends."""
    root.rename(root.with_name("elsewhere"))
    assert monitor.query(None).reason == "degraded"
    assert monitor.reports.ended is not None
    root.with_name("elsewhere").rename(root)


def test_the_root_can_be_removed_while_it_is_watched(monitor: Monitor, root: Path) -> None:
    """Like any directory in it."""
    if is_wine():
        pytest.skip(REMOVED_LATE)
    shutil.rmtree(root)
    assert monitor.query(None).reason == "degraded"
    assert monitor.reports.ended is not None


def test_any_directory_can_be_renamed_at_any_time(monitor: Monitor, root: Path) -> None:
    """Even while the watcher or the index lists it."""
    for number in range(100):
        (root / "dir" / "sub" / str(number)).touch()
        os.rename(root / "dir", root / "other")
        monitor.tick()
        os.rename(root / "other", root / "dir")


def test_a_short_name_is_resolved(root: Path) -> None:
    """To the name that the file system lists, not the one that a program used."""
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
    """Editors' backups do not: each removed one would cost a comparison."""
    assert may_be_alias(path) is may_be


def test_the_index_resolves_the_short_name_of_a_removed_file(
    monitor: Monitor, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system no longer can; the index has the long name."""
    token = bytes(monitor.query(None).token)
    real = reading_windows.changes

    def in_short_form(data: bytes) -> list[tuple[int, bytes]]:
        return [
            (action, path.replace(b"a longer name.text", b"ALONGE~1.TEX"))
            for action, path in real(data)
        ]

    monkeypatch.setattr("fsmond.watching.native.windows.changes", in_short_form)
    (root / "a longer name.text").unlink()

    changes = monitor.query(token)
    assert b"a longer name.text" in (changes.paths or ()) or changes.reason == "overflow"


def test_monitors_are_independent(root: Path, tmp_path: Path) -> None:
    """In one process, even of the same tree."""
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


def test_a_blocked_reader_delays_no_query_beyond_its_deadline(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is "everything"; no cookie file is left behind."""
    with watching(root, EVENTS, frozenset({b".git"}), timeout=0.5) as monitor:
        token = bytes(monitor.query(None).token)
        watcher = monitor.watcher
        assert isinstance(watcher, NativeWatcher)
        monkeypatch.setattr(watcher, "_deliver", lambda _: None)
        monkeypatch.setattr(watcher._source, "_deliver", lambda _: None)
        begun = time.monotonic()
        changes = monitor.query(token)
        assert (changes.paths, changes.reason) == (None, "sync-timeout")
        assert time.monotonic() - begun < 1.5
    assert list((root / ".git" / "fsmond-watch" / "cookies").iterdir()) == []


def test_names_that_are_not_utf_16_are_read() -> None:
    """Windows allows them."""
    record = (
        b"\0\0\0\0" + b"\1\0\0\0" + b"\4\0\0\0" + "x\ud800".encode("utf-16-le", "surrogatepass")
    )
    assert list(changes(record)) == [(1, b"x\xed\xa0\x80")]


def test_a_reader_ends_when_it_is_woken(tmp_path: Path) -> None:
    """And its handle is closed: the directory can be removed and created again."""
    (tmp_path / "own").mkdir()
    reader = Reader(str(tmp_path / "own"))
    reader.wake()
    assert reader.read() is None
    reader.close()
    (tmp_path / "own").rmdir()
    (tmp_path / "own").mkdir()
