"""What is special to macOS: merged events, and names with two spellings."""

import os
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

if sys.platform != "darwin":
    pytest.skip("needs macOS", allow_module_level=True)
assert sys.platform == "darwin"  # for the type checker

from support.backends import until_built, watching

from fsmond.monitor.monitor import Monitor
from fsmond.watching.native import fsevents_flags as flags
from fsmond.watching.native.fsevents import MacEmitter
from fsmond.watching.native.watcher import NativeWatcher


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a tree."""
    (tmp_path / "tree" / "dir" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / "dir" / "sub" / "file").touch()
    (tmp_path / "tree" / ".git").mkdir()
    return tmp_path / "tree"


@pytest.fixture
def monitor(root: Path) -> Iterator[Monitor]:
    """Watch it."""
    with watching(root, "FSEvents", frozenset({b".git"})) as made:
        until_built(made)
        yield made


def emitter(monitor: Monitor) -> MacEmitter:
    """Return the source of its events."""
    assert isinstance(monitor.watcher, NativeWatcher)
    assert isinstance(monitor.watcher._source, MacEmitter)
    return monitor.watcher._source


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_name_is_reported_in_both_spellings(
    monitor: Monitor, root: Path, form: Literal["NFC", "NFD"]
) -> None:
    """Git compares the composed one, whichever is on the disk."""
    token = bytes(monitor.query(None).token)
    (root / unicodedata.normalize(form, "caf\u00e9")).touch()
    reported = set(monitor.query(token).paths or ())
    assert reported >= {"caf\u00e9".encode(), "cafe\u0301".encode()}


@pytest.mark.parametrize("flag", [flags.MUST_SCAN, flags.USER_DROPPED, flags.KERNEL_DROPPED])
def test_the_index_finds_what_dropped_events_missed(
    monitor: Monitor, root: Path, flag: int
) -> None:
    """Tokens stay valid."""
    token = bytes(monitor.query(None).token)
    (root / "new").mkdir()
    (root / "new" / "file").touch()
    emitter(monitor).events_callback([str(root.resolve())], [0], [flag | flags.IS_DIRECTORY], [1])

    assert set(monitor.query(token).paths or ()) >= {b"new/", b"new/file"}
    assert [each.reason for each in monitor.resyncs.newest] == ["overflow"]


def test_a_moved_root_ends_the_monitor(monitor: Monitor, root: Path) -> None:
    """Nothing can be reported any more."""
    root.rename(root.with_name("elsewhere"))
    assert monitor.query(None).reason == "degraded"


def test_a_root_behind_a_link_is_watched(root: Path, tmp_path: Path) -> None:
    """The system reports paths without links."""
    (tmp_path / "link").symlink_to(root)
    with watching(tmp_path / "link", "FSEvents") as monitor:
        token = bytes(monitor.query(None).token)
        (root / "new").touch()
        assert b"new" in (monitor.query(token).paths or ())


def test_cookies_leave_nothing_behind(monitor: Monitor, root: Path) -> None:
    """Neither in the git directory nor in the root."""
    before = os.stat(root / ".git").st_mtime_ns
    for _ in range(10):
        monitor.query(None)
    assert list((root / ".git" / "fsmond-watch" / "cookies").iterdir()) == []
    assert os.stat(root / ".git").st_mtime_ns == before
