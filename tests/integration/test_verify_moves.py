"""A verification reports no difference only because directories move meanwhile."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest
from support.backends import until_built, watching

from fsmond.monitor.monitor import Monitor

if sys.platform == "win32":
    pytest.skip("a directory cannot be moved while it is open", allow_module_level=True)

SECONDS = float(os.environ.get("FSMOND_FUZZ_SECONDS", "3"))
BACKEND = {"linux": "inotify", "darwin": "FSEvents"}[sys.platform]


def test_directories_that_move_are_no_differences(tmp_path: Path) -> None:
    """The scan saw them at places that they had left, or to which they returned."""
    for place in ("p", "q", "r/s"):
        (tmp_path / place).mkdir(parents=True)
    for number in range(4):
        for deep in ("", "e", "e/f"):
            folder = tmp_path / "p" / str(number) / deep
            folder.mkdir(exist_ok=True)
            (folder / "file").touch()
    ended = threading.Event()
    mover = threading.Thread(target=_move_directories, args=(tmp_path, ended))
    with watching(tmp_path, BACKEND) as monitor:
        until_built(monitor)
        mover.start()
        try:
            differences = _verify_for(monitor, SECONDS)
        finally:
            ended.set()
            mover.join()

    assert differences == []


def test_a_change_without_an_event_is_reported_although_directories_move(tmp_path: Path) -> None:
    """Another part of the tree is compared as always."""
    (tmp_path / "root" / "still").mkdir(parents=True)
    (tmp_path / "root" / "still" / "file").touch()
    (tmp_path / "root" / "p" / "0").mkdir(parents=True)
    (tmp_path / "root" / "q").mkdir()
    os.link(tmp_path / "root" / "still" / "file", tmp_path / "outside")
    ended = threading.Event()
    mover = threading.Thread(target=_move_directories, args=(tmp_path / "root", ended))
    with watching(tmp_path / "root", BACKEND) as monitor:
        until_built(monitor)
        mover.start()
        try:
            (tmp_path / "outside").write_text("changed by another name")
            differences = _verify_for(monitor, 0.0)
        finally:
            ended.set()
            mover.join()

    assert differences == [b"still/file"]


def _move_directories(root: Path, ended: threading.Event) -> None:
    places = [root / "p", root / "q", root / "r" / "s"]
    at = 0
    while not ended.is_set():
        for number in range(4):
            here = places[at % 3] / str(number)
            if here.exists():
                there = places[(at + 1) % 3]
                there.mkdir(parents=True, exist_ok=True)
                here.rename(there / here.name)
        at += 1
        time.sleep(0.0003 * (at % 7))


def _verify_for(monitor: Monitor, seconds: float) -> list[bytes]:
    end = time.monotonic() + seconds
    differences: list[bytes] = []
    while True:
        result = monitor.index_worker.verify(time.monotonic() + 20)
        assert result is not None
        differences += [each.path for each in result.differences]
        if time.monotonic() > end:
            return differences
