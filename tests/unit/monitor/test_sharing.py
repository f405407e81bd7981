"""A tree is compared together with a helper: nothing is missed, whatever that does."""

import os
import random
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.fake_watcher import FakeWatcher
from support.restarts import wait_for_another_time
from support.trees.helping import SteppedHelper

from fsmond.helping.messages import Report
from fsmond.index import sharing
from fsmond.index.sharing import Job
from fsmond.index.tree import Index
from fsmond.journal.history import Journal
from fsmond.monitor.early_tokens import EarlyTokens
from fsmond.monitor.sharing import Sharing
from fsmond.monitor.tree_state import Helper, TreeState

OLD = 1_600_000_000  # seconds since the epoch: long before any comparison
FANS = 12, 6  # directories in the root, and in each of them


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a tree of some directories, in which nothing is racy."""
    monkeypatch.setattr(sharing, "_MIN_DIRECTORIES", 2)
    monkeypatch.setattr(sharing, "_PARTS", 20)
    root = tmp_path / "root"
    for upper in range(FANS[0]):
        for lower in range(FANS[1]):
            directory = root / f"{upper}" / f"{lower}"
            directory.mkdir(parents=True)
            (directory / "file").write_text("old")
    monkeypatch.setattr(time, "time_ns", lambda: real_time() + 3600 * 10**9)
    return root


def real_time() -> int:
    """Return the time of files, in nanoseconds."""
    return int(datetime.now(UTC).timestamp() * 10**9)


def records_of(root: Path) -> dict[bytes, bytes]:
    """Return the records of a tree."""
    index = Index(os.fsencode(root))
    for _ in index.walk((b"",)):
        pass
    return dict(index.records)


def compared(
    root: Path, records: dict[bytes, bytes], helper: Helper | None
) -> tuple[set[tuple[bytes, str]], dict[bytes, bytes]]:
    """Compare a tree with its records; return what differs, and the records afterwards."""
    index = Index(os.fsencode(root))
    tree = TreeState(os.fsencode(root), index, Journal("session", first=1, keep=100))
    tree.helper = helper
    index.restore(records)
    shared = Sharing(tree)
    shared.prepare()
    found = [each for one in shared.walk(skip=frozenset()) for each in one.differences]
    return {(each.path, each.kind.value) for each in found}, dict(index.records)


def change(root: Path) -> None:
    """Change it in several ways, in several parts."""
    (root / "1/1/file").write_text("other")
    (root / "2/2/new").mkdir()
    (root / "2/2/new/below").mkdir()
    (root / "2/2/new/below/file").touch()
    (root / "3/3/file").unlink()
    (root / "3/3").rmdir()
    (root / "4/4").rename(root / "5/moved")
    (root / "10").rename(root / "11/10")
    (root / "7/1/file").unlink()
    (root / "7/1").rmdir()
    (root / "7/1").symlink_to(root / "8")
    (root / "top").touch()


@pytest.mark.parametrize("seed", range(30))
def test_what_differs_is_found(root: Path, seed: int) -> None:
    """In any order of the two processes' steps; all records are those of the tree then."""
    records = records_of(root)
    change(root)
    helper = SteppedHelper(random.Random(seed))

    found, after = compared(root, records, helper)

    assert (found, after) == compared(root, records, None)
    assert after == records_of(root)
    assert helper.jobs
    assert helper.is_over


def test_what_the_helper_has_compared_is_not_compared_again(root: Path) -> None:
    """Otherwise it would be of no use."""
    index = Index(os.fsencode(root))
    tree = TreeState(os.fsencode(root), index, Journal("session", first=1, keep=100))
    tree.helper = _Eager()
    index.restore(records_of(root))
    shared = Sharing(tree)
    shared.prepare()

    looked_at = [each.prefix for each in shared.walk(skip=frozenset())]

    assert len(looked_at) < len(index) // 2


@pytest.fixture(params=["refuses", "dies", "never answers", "ends early"])
def failing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Helper:
    """Return a helper that fails in some way."""
    monkeypatch.setattr("fsmond.monitor.sharing._PATIENCE", 3)
    helpers = {
        "refuses": _Failing(accepts=False),
        "dies": _Failing(begins=1, dies=True),
        "never answers": _Failing(begins=1),
        "ends early": _Failing(begins=3, answers=True, dies=True),
    }
    return helpers[request.param]


def test_a_helper_that_fails_is_not_missed(root: Path, failing: Helper) -> None:
    """What it has not reported is compared here."""
    records = records_of(root)
    change(root)

    assert compared(root, records, failing) == compared(root, records, None)


def test_where_events_do_not_report_all_no_helper_is_asked(root: Path) -> None:
    """What is compared apart is left out there."""
    index = Index(os.fsencode(root))
    tree = TreeState(os.fsencode(root), index, Journal("session", first=1, keep=100))
    helper = tree.helper = SteppedHelper(random.Random(1))
    index.restore(records_of(root))
    shared = Sharing(tree)
    shared.prepare()

    looked_at = [each.prefix for each in shared.walk(skip=frozenset({b"1/"}))]

    assert helper.is_over
    assert b"2/2/" in looked_at
    assert not any(each.startswith(b"1/") for each in looked_at)


def test_waiting_for_a_helper_ends_with_the_monitor(root: Path, watcher: FakeWatcher) -> None:
    """However patient it is."""
    index = Index(os.fsencode(root))
    tree = TreeState(os.fsencode(root), index, Journal("session", first=1, keep=100))
    tree.watcher = watcher
    tree.helper = _Failing(begins=1)
    tree.is_stopping = True
    index.restore(records_of(root))
    shared = Sharing(tree)
    shared.prepare()

    assert sum(1 for _ in shared.walk(skip=frozenset())) == len(index)


def recorded(
    root: Path, since: int, watcher: FakeWatcher, helper: Helper | None
) -> tuple[set[bytes] | None, dict[bytes, bytes]]:
    """Record a tree for the first time; return what changed since, and the records."""
    index = Index(os.fsencode(root))
    index.since = since
    tree = TreeState(os.fsencode(root), index, Journal("session", first=1, keep=100))
    tree.watcher = watcher
    tree.helper = helper
    shared, early = Sharing(tree), EarlyTokens()
    for comparison in shared.make(skip=frozenset()):
        early.take(comparison)
    changed = early.changed()
    return None if changed is None else set(changed), dict(index.records)


@pytest.mark.parametrize("are_ahead", [False, True])
@pytest.mark.parametrize("seed", range(15))
def test_a_tree_is_recorded_together(
    root: Path,
    watcher: FakeWatcher,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    are_ahead: bool,
) -> None:
    """With what changed since the start, wherever that is; also where times are in the future."""
    monkeypatch.setattr("fsmond.monitor.sharing._MIN_UNKNOWN", 0)
    monkeypatch.setattr("fsmond.monitor.sharing._PARTS", random.Random(seed).randint(1, 30))
    if are_ahead:
        monkeypatch.setattr(time, "time_ns", lambda: real_time() - 3600 * 10**9)
    wait_for_another_time(root)
    since = real_time()
    for each in ("1/1", "2/2", "10/5"):
        (root / each / "file").write_text("other")
    (root / "3/3/new").touch()
    (root / "5/5/file").unlink()
    helper = SteppedHelper(random.Random(seed))

    changed, records = recorded(root, since, watcher, helper)

    assert (changed, records) == recorded(root, since, watcher, None)
    assert records == records_of(root)
    expected = {b"1/1/file", b"2/2/file", b"10/5/file", b"3/3/new", b"3/3/", b"5/5/"}
    assert changed == {*expected, b"3/3/file"}
    assert helper.jobs
    assert helper.is_over


class _Eager(SteppedHelper):
    """Has done everything before it is asked."""

    def __init__(self) -> None:
        super().__init__(random.Random(1))

    def reports(self, timeout: float) -> list[Report]:  # noqa: ARG002 - as Helper's
        return list(self._steps)


class _Failing(SteppedHelper):
    """Begins some of the last parts, and then fails."""

    def __init__(
        self, *, accepts: bool = True, begins: int = 0, answers: bool = False, dies: bool = False
    ) -> None:
        super().__init__(random.Random(1))
        self._accepts, self._begins = accepts, begins
        self._answers, self._dies = answers, dies

    def offer(self, job: Job) -> bool:
        return self._accepts and super().offer(job)

    def reports(self, timeout: float) -> list[Report]:  # noqa: ARG002 - as Helper's
        found = []
        for report in self._steps:
            self._begins -= report.changed is None
            if self._begins < 0:
                break
            if report.changed is None or self._answers:
                found.append(report)
        self._steps = iter(())
        self.is_over = self._dies
        return found
