"""Files with several names, which move: a change is reported under all of them."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.backends import EVENTS, until_built, watching
from support.trees.steps import Step, make

from fsmond.monitor import index_worker
from fsmond.monitor.monitor import Monitor

if sys.platform not in EVENTS:
    pytest.skip("no events here", allow_module_level=True)

ASK, VERIFY, REFRESH = ("ask",), ("verify",), ("refresh",)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="names are exchanged on Linux")
LINKED = [("write", "a", "1"), ("hard-link", "a", "b"), ("write", "c", "1")]


@pytest.fixture
def monitor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Monitor]:
    """Watch an empty directory by events; the index is refreshed only on request."""
    monkeypatch.setattr(index_worker, "MIN_PAUSE", 0.0)
    monkeypatch.setattr(index_worker, "PAUSE_FACTOR", 0)
    with watching(tmp_path, EVENTS[sys.platform]) as monitor:
        until_built(monitor)
        yield monitor


@pytest.mark.parametrize(
    ("steps", "last", "names"),
    [
        pytest.param(
            [*LINKED, ASK, ("exchange", "b", "c")], "a", {"a", "c"}, marks=LINUX, id="exchange"
        ),
        pytest.param(
            [*LINKED, ASK, ("exchange", "b", "c"), ASK, REFRESH],
            *("c", {"a", "c"}),
            marks=LINUX,
            id="exchange, and a new index",
        ),
        pytest.param(
            [
                *(("write", "b0", "1"), ("hard-link", "b0", "s"), ASK, ("write", "k", "1")),
                *(("rename", "s", "f1"), ("hard-link", "k", "s"), ASK, VERIFY),
            ],
            *("s", {"k", "s"}),
            id="a name of another file with several",
        ),
        pytest.param(
            [
                *(("write", "x1", "1"), ("hard-link", "x1", "x2"), ("write", "y1", "1")),
                *(("hard-link", "y1", "y2"), ASK, REFRESH, ("replace", "x1", "y1")),
                *(("write", "y2", "2"), REFRESH),
            ],
            *("y1", {"x2", "y1"}),
            id="over a name of another file with several",
        ),
        pytest.param(
            [*LINKED, ASK, REFRESH, ("replace", "b", "c")],
            *("a", {"a", "c"}),
            id="over a name of a file with one",
        ),
        pytest.param(
            [("mkdir", "d"), *LINKED, ("hard-link", "a", "d/e"), ("rename", "d", "f")],
            *("a", {"a", "b", "f/e"}),
            id="in a directory that moves",
        ),
        pytest.param(
            [*LINKED, ASK, ("mkdir", "n/m"), ("hard-link", "a", "n/m/x"), ("rename", "n", "o")],
            *("b", {"a", "b", "o/m/x"}),
            id="in a directory that was not watched yet",
        ),
        pytest.param(
            [*LINKED, ASK, ("remove", "a"), ("hard-link", "b", "a"), ("rename", "a", "z"), VERIFY],
            *("z", {"b", "z"}),
            id="gone and there again",
        ),
    ],
)
@pytest.mark.parametrize("asking", [True, False])
def test_a_change_is_reported_under_all_names(
    monitor: Monitor, steps: list[Step], last: str, names: set[str], *, asking: bool
) -> None:
    """The file's current names, whatever was known before, with or without a query in between."""
    root = Path(os.fsdecode(monitor.root))
    for step in steps:
        _do(monitor, root, step)
    if asking:
        _do(monitor, root, ASK)
        _do(monitor, root, REFRESH)
    token = monitor.query(None).token

    make(root, ("write", last, "changed"))
    changes = monitor.query(bytes(token))

    assert changes.paths is not None
    assert {os.fsdecode(path) for path in changes.paths} >= names


@pytest.mark.skipif(sys.platform != "linux", reason="needs inotify")
@pytest.mark.parametrize("elsewhere", ["d/log", "log.1"])
def test_a_write_through_a_removed_name_is_reported_under_the_others(
    monitor: Monitor, elsewhere: str
) -> None:
    """The event has the removed name, even if another file has had that name for long."""
    root = Path(os.fsdecode(monitor.root))
    (root / "d").mkdir()
    with (root / "log").open("a") as handle:
        os.link(root / "log", root / elsewhere)
        _do(monitor, root, ASK)
        (root / "log").unlink()
        (root / "log").touch()
        _do(monitor, root, ASK)
        _do(monitor, root, REFRESH)
        token = monitor.query(None).token

        handle.write("changed")
        handle.flush()
        changes = monitor.query(bytes(token))

    assert changes.paths is not None
    assert os.fsencode(elsewhere) in changes.paths


@pytest.mark.skipif(sys.platform != "linux", reason="needs inotify")
def test_moves_are_followed_by_events(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the new name is known even if it is removed before it is checked."""
    root = Path(os.fsdecode(monitor.root))
    make(root, ("mkdir", "d"))
    make(root, ("write", "a", "1"))
    _do(monitor, root, ASK)
    moves: list[tuple[bytes, bytes]] = []
    monkeypatch.setattr(monitor._recorder, "note_moved", lambda *move: moves.append(move))

    for step in (("rename", "a", "d/b"), ("rename", "d", "e"), ("rename", "e/b", "c")):
        make(root, step)
        _do(monitor, root, ASK)

    assert moves == [(b"a", b"d/b"), (b"d/", b"e/"), (b"e/b", b"c")]


@pytest.mark.skipif(sys.platform != "linux", reason="needs inotify")
def test_verify_reports_no_file_that_was_just_linked(monitor: Monitor) -> None:
    """Its time has changed, which is recorded when its new name is checked."""
    root = Path(os.fsdecode(monitor.root))
    make(root, ("write", "a", "1"))
    _do(monitor, root, ASK)
    _do(monitor, root, REFRESH)
    with monitor._lock:
        os.link(root / "a", root / "b")

    result = monitor.index_worker.verify(time.monotonic() + 20)

    assert result is not None
    assert result.differences == []


def _do(monitor: Monitor, root: Path, step: Step) -> None:
    match step:
        case ("ask",):
            assert monitor.query(monitor.query(None).token).paths is not None
        case ("verify",):
            assert monitor.index_worker.verify(time.monotonic() + 20) is not None
        case ("refresh",):
            _refresh(monitor)
        case _:
            make(root, step)


def _refresh(monitor: Monitor) -> None:
    """Refresh the index until it is up to date."""
    deadline = time.monotonic() + 20
    while monitor.index_worker.reconciler.is_behind and time.monotonic() < deadline:
        monitor.tick()
        time.sleep(0.005)
