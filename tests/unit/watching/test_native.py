"""Tests for fsmond.watching.native, and for its cookies."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from steps import UNMISTAKABLE
from unit.watching.fake_source import FakeSource, cookies_in

from fsmond.daemon.monitor import Monitor
from fsmond.watching import cookies, native
from fsmond.watching.cookies import MARK
from fsmond.watching.happening import Kind
from fsmond.watching.native import NativeWatcher


class Prompt(FakeSource):
    """Tells of each cookie as soon as it is made; unless it is held back."""

    held = False


@pytest.fixture
def source(tmp_path: Path) -> Prompt:
    """Make a tree with one file, which is no longer new."""
    (tmp_path / "tree" / "dir").mkdir(parents=True)
    (tmp_path / "tree" / ".git").mkdir()
    (tmp_path / "tree" / "dir" / "file").touch()
    time.sleep(UNMISTAKABLE)
    return Prompt(os.fsencode(tmp_path / "tree"))


@pytest.fixture
def monitor(source: Prompt, monkeypatch: pytest.MonkeyPatch) -> Iterator[Monitor]:
    """Watch a tree by events that a test makes up."""
    real = cookies._make_and_remove

    def make_and_remove(path: bytes) -> None:
        real(path)
        if not source.held:
            source.tell((os.fsdecode(path.removeprefix(source.root + b"/")), Kind.CAME))

    monkeypatch.setattr(cookies, "_make_and_remove", make_and_remove)
    made = Monitor(
        source.root,
        lambda root, sink, lock, excluded: NativeWatcher(
            root, sink, lock, excluded, lambda _: source
        ),
        excluded=frozenset({b".git"}),
        patience=0.4,
    )
    made.start(patience=10)
    yield made
    made.stop()


def wait_for(monitor: Monitor) -> bytes:
    """Return a token, when the index is made."""
    deadline = time.monotonic() + 10
    while not monitor.keeper.built and time.monotonic() < deadline:
        time.sleep(0.001)
    return bytes(monitor.query(None).token)


def test_a_query_has_what_was_told_before_its_cookie(monitor: Monitor, source: Prompt) -> None:
    """However long that takes."""
    token = wait_for(monitor)
    source.tell(*((f"dir/{number}", Kind.CHANGED) for number in range(10_000)))
    assert len(monitor.query(token).paths or ()) == 10_000


def test_a_cookie_that_does_not_come_is_waited_for_until_the_deadline(
    monitor: Monitor, source: Prompt, tmp_path: Path
) -> None:
    """No longer; and nothing is left of it."""
    token = wait_for(monitor)
    source.held = True
    begun = time.monotonic()

    missed = monitor.query(token)

    assert (missed.paths, missed.reason) == (None, "sync-timeout")
    assert 0.3 < time.monotonic() - begun < 0.9
    assert cookies_in(tmp_path) == []
    source.held = False
    assert monitor.query(token).paths == []


def test_events_that_never_come_are_done_without(
    monitor: Monitor, source: Prompt, tmp_path: Path
) -> None:
    """The tree is compared at each query, until they come again."""
    token = wait_for(monitor)
    source.held = True
    for _ in range(native.MISSED - 1):
        assert monitor.query(token).reason == "sync-timeout"
    monitor.query(token)
    (tmp_path / "tree" / "dir" / "new").touch()

    missed = monitor.query(token)

    assert b"dir/new" in (missed.paths or ())
    assert "too late" in (monitor.watcher.counts().advice or "")
    source.held = False
    monitor.query(token)
    assert monitor.watcher.counts().advice is None
    assert not monitor.watcher.is_partial


def test_without_room_for_a_cookie_the_tree_is_compared(
    monitor: Monitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody may write, or the disk is full, answers are slower, and right."""
    token = wait_for(monitor)

    def full(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(cookies, "_make_and_remove", full)
        (tmp_path / "tree" / "dir" / "new").touch()
        missed = monitor.query(token)
        assert set(missed.paths or ()) >= {b"dir/new"}
        assert "No space left" in (monitor.watcher.counts().advice or "")

    monitor.query(token)
    assert not monitor.watcher.is_partial


def test_what_is_lost_the_index_finds(monitor: Monitor, source: Prompt, tmp_path: Path) -> None:
    """Tokens from before stay good."""
    token = wait_for(monitor)
    (tmp_path / "tree" / "dir" / "came" / "deep").mkdir(parents=True)
    (tmp_path / "tree" / "dir" / "came" / "deep" / "file").touch()
    source.tell(lost="somehow")

    missed = monitor.query(token)

    assert set(missed.paths or ()) >= {
        b"dir/came/",
        b"dir/came/deep/",
        b"dir/came/deep/file",
    }
    assert [each.reason for each in monitor.resyncs.newest] == ["overflow"]


def test_more_than_can_be_queued_is_lost(
    monitor: Monitor, source: Prompt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded."""
    token = wait_for(monitor)
    monkeypatch.setattr(native, "MOST", 5)
    with monitor._lock:
        (tmp_path / "tree" / "dir" / "new").touch()
        for _ in range(10):
            source.tell(("dir/file", Kind.CHANGED))
    deadline = time.monotonic() + 5
    missed = monitor.query(token)
    while missed.paths is None and time.monotonic() < deadline:
        missed = monitor.query(token)
    assert set(missed.paths or ()) >= {b"dir/new"}


def test_cookies_lie_deep_in_the_git_directory(source: Prompt, tmp_path: Path) -> None:
    """Its own time stays as it is, for those who watch it; what was left there is removed."""
    folder = tmp_path / "tree" / ".git" / "fsmond" / "cookies"
    folder.mkdir(parents=True)
    (folder / f"{MARK.decode()}1-2").touch()
    (folder / "other").touch()
    made = cookies.Cookies(source.locate, {b".git"}, threading.Lock())

    made.prepare()
    before = os.stat(tmp_path / "tree" / ".git").st_mtime_ns
    made.wait(time.monotonic())

    assert os.listdir(folder) == ["other"]
    assert os.stat(tmp_path / "tree" / ".git").st_mtime_ns == before


def test_cookies_in_the_root_are_in_no_answer(monitor: Monitor, tmp_path: Path) -> None:
    """Also not when one was left behind, and not by the index."""
    token = wait_for(monitor)
    (tmp_path / "tree" / f"{MARK.decode()}1-2").touch()
    verdict = monitor.keeper.verify(time.monotonic() + 10)
    assert verdict is not None
    assert verdict.differences == []
    assert monitor.query(token).paths == []


def test_a_git_directory_that_is_removed_takes_no_answer_with_it(
    monitor: Monitor, source: Prompt, tmp_path: Path
) -> None:
    """The cookies have another place from then on."""
    folder = tmp_path / "tree" / ".git"
    token = wait_for(monitor)
    folder.mkdir(exist_ok=True)
    watcher = monitor.watcher
    assert isinstance(watcher, NativeWatcher)
    watcher._cookies.prepare()
    assert monitor.query(token).paths == []
    for each in ("fsmond/cookies", "fsmond", "."):
        (folder / each).rmdir()
    folder.write_text("gitdir: elsewhere")

    source.tell(("dir/file", Kind.CHANGED))

    assert monitor.query(token).paths == [b"dir/file"]


def test_what_was_started_is_ended(monitor: Monitor, source: Prompt) -> None:
    """Once, however often one asks."""
    monitor.stop()
    monitor.watcher.stop()
    assert source.calls == ["begin", "end"]
