"""Tests for fsmond.watching.native.watcher, and for its cookies."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.trees.steps import TIMESTAMP_STEP
from unit.watching.native.fake_source import FakeSource, cookies_in

from fsmond.monitor.monitor import Monitor
from fsmond.watching.native import cookies, watcher
from fsmond.watching.native.cookies import COOKIE_PREFIX
from fsmond.watching.native.source import Kind
from fsmond.watching.native.watcher import NativeWatcher


class Prompt(FakeSource):
    """Emits the event of each cookie at once, unless it is held back."""

    held = False


@pytest.fixture
def source(tmp_path: Path) -> Prompt:
    """Make a tree with one file that is not racy."""
    (tmp_path / "tree" / "dir").mkdir(parents=True)
    (tmp_path / "tree" / ".git").mkdir()
    (tmp_path / "tree" / "dir" / "file").touch()
    time.sleep(TIMESTAMP_STEP)
    return Prompt(os.fsencode(tmp_path / "tree"))


@pytest.fixture
def monitor(source: Prompt, monkeypatch: pytest.MonkeyPatch) -> Iterator[Monitor]:
    """Watch a tree by events that a test makes up."""
    real = cookies._make_and_remove

    def make_and_remove(path: bytes) -> None:
        real(path)
        if not source.held:
            source.emit((os.fsdecode(path.removeprefix(source.root + b"/")), Kind.APPEARED))

    monkeypatch.setattr(cookies, "_make_and_remove", make_and_remove)
    made = Monitor(
        source.root,
        lambda root, sink, lock, excluded: NativeWatcher(
            root, sink, lock, excluded, lambda _: source
        ),
        excluded=frozenset({b".git"}),
        timeout=0.4,
    )
    made.start(timeout=10)
    yield made
    made.stop()


def token_after_build(monitor: Monitor) -> bytes:
    """Wait until the index is built; return a token."""
    deadline = time.monotonic() + 10
    while not monitor.index_worker.built and time.monotonic() < deadline:
        time.sleep(0.001)
    return bytes(monitor.query(None).token)


def test_a_query_has_the_events_that_precede_its_cookie(monitor: Monitor, source: Prompt) -> None:
    """However many there are."""
    token = token_after_build(monitor)
    source.emit(*((f"dir/{number}", Kind.CHANGED) for number in range(10_000)))
    assert len(monitor.query(token).paths or ()) == 10_000


def test_a_missing_cookie_is_awaited_until_the_deadline(
    monitor: Monitor, source: Prompt, tmp_path: Path
) -> None:
    """No longer; and its file is removed."""
    token = token_after_build(monitor)
    source.held = True
    begun = time.monotonic()

    changes = monitor.query(token)

    assert (changes.paths, changes.reason) == (None, "sync-timeout")
    assert 0.3 < time.monotonic() - begun < 0.9
    assert cookies_in(tmp_path) == []
    source.held = False
    assert monitor.query(token).paths == []


def test_if_events_do_not_arrive_the_tree_is_compared(
    monitor: Monitor, source: Prompt, tmp_path: Path
) -> None:
    """At each query, until they arrive again."""
    token = token_after_build(monitor)
    source.held = True
    for _ in range(watcher.MAX_MISSED - 1):
        assert monitor.query(token).reason == "sync-timeout"
    monitor.query(token)
    (tmp_path / "tree" / "dir" / "new").touch()

    changes = monitor.query(token)

    assert b"dir/new" in (changes.paths or ())
    assert "too late" in (monitor.watcher.counts().advice or "")
    source.held = False
    monitor.query(token)
    assert monitor.watcher.counts().advice is None
    assert not monitor.watcher.is_partial


def test_if_no_cookie_can_be_created_the_tree_is_compared(
    monitor: Monitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a read-only or full disk, answers are slower, but right."""
    token = token_after_build(monitor)

    def full(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(cookies, "_make_and_remove", full)
        (tmp_path / "tree" / "dir" / "new").touch()
        changes = monitor.query(token)
        assert set(changes.paths or ()) >= {b"dir/new"}
        assert "No space left" in (monitor.watcher.counts().advice or "")

    monitor.query(token)
    assert not monitor.watcher.is_partial


def test_the_index_finds_lost_changes(monitor: Monitor, source: Prompt, tmp_path: Path) -> None:
    """Earlier tokens stay valid."""
    token = token_after_build(monitor)
    (tmp_path / "tree" / "dir" / "came" / "deep").mkdir(parents=True)
    (tmp_path / "tree" / "dir" / "came" / "deep" / "file").touch()
    source.emit(lost="somehow")

    changes = monitor.query(token)

    assert set(changes.paths or ()) >= {
        b"dir/came/",
        b"dir/came/deep/",
        b"dir/came/deep/file",
    }
    assert [each.reason for each in monitor.resyncs.newest] == ["overflow"]


def test_a_full_inbox_loses_events(
    monitor: Monitor, source: Prompt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded, and the index finds the changes."""
    token = token_after_build(monitor)
    monkeypatch.setattr(watcher, "MAX_QUEUED", 5)
    with monitor._lock:
        (tmp_path / "tree" / "dir" / "new").touch()
        for _ in range(10):
            source.emit(("dir/file", Kind.CHANGED))
    deadline = time.monotonic() + 5
    changes = monitor.query(token)
    while changes.paths is None and time.monotonic() < deadline:
        changes = monitor.query(token)
    assert set(changes.paths or ()) >= {b"dir/new"}


def test_cookies_are_deep_in_the_git_directory(source: Prompt, tmp_path: Path) -> None:
    """The git directory's own time does not change; old cookies are removed."""
    folder = tmp_path / "tree" / ".git" / "fsmond-watch" / "cookies"
    folder.mkdir(parents=True)
    (folder / f"{COOKIE_PREFIX.decode()}1-2").touch()
    (folder / "other").touch()
    made = cookies.Cookies(source.locate, {b".git"}, threading.Lock())

    made.prepare()
    before = os.stat(tmp_path / "tree" / ".git").st_mtime_ns
    made.wait(time.monotonic())

    assert os.listdir(folder) == ["other"]
    assert os.stat(tmp_path / "tree" / ".git").st_mtime_ns == before


def test_cookies_in_the_root_are_not_reported(monitor: Monitor, tmp_path: Path) -> None:
    """Neither by events nor by the index, even if one was left behind."""
    token = token_after_build(monitor)
    (tmp_path / "tree" / f"{COOKIE_PREFIX.decode()}1-2").touch()
    result = monitor.index_worker.verify(time.monotonic() + 10)
    assert result is not None
    assert result.differences == []
    assert monitor.query(token).paths == []


def test_queries_survive_the_removal_of_the_git_directory(
    monitor: Monitor, source: Prompt, tmp_path: Path
) -> None:
    """Cookies are created elsewhere from then on."""
    folder = tmp_path / "tree" / ".git"
    token = token_after_build(monitor)
    folder.mkdir(exist_ok=True)
    watcher = monitor.watcher
    assert isinstance(watcher, NativeWatcher)
    watcher._cookies.prepare()
    assert monitor.query(token).paths == []
    for each in ("fsmond-watch/cookies", "fsmond-watch", "."):
        (folder / each).rmdir()
    folder.write_text("gitdir: elsewhere")

    source.emit(("dir/file", Kind.CHANGED))

    assert monitor.query(token).paths == [b"dir/file"]


def test_stop_ends_the_source(monitor: Monitor, source: Prompt) -> None:
    """Once, even if it is repeated."""
    monitor.stop()
    monitor.watcher.stop()
    assert source.calls == ["begin", "end"]
