"""Files with several names, while the names move: a change is reported under all of them."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from backends import EVENTS, until_built, watching
from steps import Step, make

from fsmond.daemon import schedule
from fsmond.daemon.monitor import Monitor

if sys.platform not in EVENTS:
    pytest.skip("no events here", allow_module_level=True)

ASK, VERIFY, REFRESH = ("ask",), ("verify",), ("refresh",)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="names are exchanged on Linux")
LINKED = [("write", "a", "1"), ("hard-link", "a", "b"), ("write", "c", "1")]


@pytest.fixture
def monitor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Monitor]:
    """Watch an empty directory by events; the index is brought up to date when it is asked for."""
    monkeypatch.setattr(schedule, "PAUSE", 0.0)
    monkeypatch.setattr(schedule, "SHARE", 0)
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
            id="exchange, and the index anew",
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
            id="in a directory that nobody watched",
        ),
        pytest.param(
            [*LINKED, ASK, ("remove", "a"), ("hard-link", "b", "a"), ("rename", "a", "z"), VERIFY],
            *("z", {"b", "z"}),
            id="gone and there again",
        ),
    ],
)
@pytest.mark.parametrize("asking", [True, False])
def test_a_change_has_all_names(
    monitor: Monitor, steps: list[Step], last: str, names: set[str], *, asking: bool
) -> None:
    """Those that the file has by then, whatever was known before, and whenever it was asked."""
    root = Path(os.fsdecode(monitor.root))
    for step in steps:
        _do(monitor, root, step)
    if asking:
        _do(monitor, root, ASK)
        _do(monitor, root, REFRESH)
    token = monitor.query(None).token

    make(root, ("write", last, "changed"))
    missed = monitor.query(bytes(token))

    assert missed.paths is not None
    assert {os.fsdecode(path) for path in missed.paths} >= names


@pytest.mark.skipif(sys.platform != "linux", reason="of inotify")
@pytest.mark.parametrize("elsewhere", ["d/log", "log.1"])
def test_a_write_by_a_handle_whose_name_is_gone_has_the_others(
    monitor: Monitor, elsewhere: str
) -> None:
    """The event has the name that is gone; also when it has been another file's for long."""
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
        missed = monitor.query(bytes(token))

    assert missed.paths is not None
    assert os.fsencode(elsewhere) in missed.paths


@pytest.mark.skipif(sys.platform != "linux", reason="of inotify")
def test_what_moves_is_followed_as_the_events_come(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that it is known by its new name even if that is gone before anybody looks at it."""
    root = Path(os.fsdecode(monitor.root))
    make(root, ("mkdir", "d"))
    make(root, ("write", "a", "1"))
    _do(monitor, root, ASK)
    moves: list[tuple[bytes, bytes]] = []
    monkeypatch.setattr(monitor._chronicle, "note_moved", lambda *move: moves.append(move))

    for step in (("rename", "a", "d/b"), ("rename", "d", "e"), ("rename", "e/b", "c")):
        make(root, step)
        _do(monitor, root, ASK)

    assert moves == [(b"a", b"d/b"), (b"d/", b"e/"), (b"e/b", b"c")]


@pytest.mark.skipif(sys.platform != "linux", reason="of inotify")
def test_verify_takes_no_file_for_missed_that_was_just_linked(monitor: Monitor) -> None:
    """Its time has changed, and the name that came tells so when it is looked at."""
    root = Path(os.fsdecode(monitor.root))
    make(root, ("write", "a", "1"))
    _do(monitor, root, ASK)
    _do(monitor, root, REFRESH)
    with monitor._lock:
        os.link(root / "a", root / "b")

    verdict = monitor.keeper.verify(time.monotonic() + 20)

    assert verdict is not None
    assert verdict.differences == []


def _do(monitor: Monitor, root: Path, step: Step) -> None:
    match step:
        case ("ask",):
            assert monitor.query(monitor.query(None).token).paths is not None
        case ("verify",):
            assert monitor.keeper.verify(time.monotonic() + 20) is not None
        case ("refresh",):
            _refresh(monitor)
        case _:
            make(root, step)


def _refresh(monitor: Monitor) -> None:
    """Have the index brought up to date."""
    deadline = time.monotonic() + 20
    while monitor.keeper.reconciler.is_behind and time.monotonic() < deadline:
        monitor.tick()
        time.sleep(0.005)
