"""Watching a directory in an open one, by way of /proc."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("needs inotify", allow_module_level=True)
assert sys.platform == "linux"  # for the type checker

from fsmond.watching.inotify import opening
from fsmond.watching.inotify.calls import Queue
from fsmond.watching.inotify.directory import Directory
from fsmond.watching.inotify.opening import DirectoryOpener, TreeLostError


class Late(Queue):
    """A queue whose watches come too late: the name is there before each, and after."""

    def watch(self, path: bytes) -> int:
        """Let the directory go for a moment."""
        os.rmdir(path)
        try:
            return super().watch(path)
        finally:
            os.mkdir(path)


@pytest.fixture
def queue() -> Iterator[Late]:
    """Make such a queue."""
    made = Late()
    yield made
    made.close()


@pytest.fixture
def handle(tmp_path: Path) -> Iterator[int]:
    """Open a directory with another one in it."""
    (tmp_path / "flickering").mkdir()
    descriptor = os.open(tmp_path, os.O_PATH | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


def opener(queue: Queue, root: Path) -> DirectoryOpener:
    """Make what opens the directories of a tree."""
    root_directory = Directory(1, {})
    return DirectoryOpener(bytes(root) + b"/", queue, {}, root_directory, on_unknown=lambda: None)


def test_a_name_that_comes_and_goes_does_not_end_the_tree(
    queue: Late, handle: int, tmp_path: Path
) -> None:
    """It was not there when it was to be watched, whatever is there before and after."""
    with pytest.raises(FileNotFoundError):
        opener(queue, tmp_path).watch(handle, b"flickering")


def test_without_proc_the_tree_is_lost(
    handle: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then nothing can be watched, however often it is tried."""
    queue = Queue()
    monkeypatch.setattr(opening, "proc_path", lambda handle: b"/nowhere/%d/" % handle)

    with pytest.raises(TreeLostError, match="/proc no longer leads to open directories"):
        opener(queue, tmp_path).watch(handle, b"flickering")
    queue.close()
