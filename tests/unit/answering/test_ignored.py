"""When it is not known in time what is no longer ignored."""

import os
from pathlib import Path

import pytest
from support.fake_watcher import FakeWatcher

from fsmond.answering import ignored
from fsmond.answering.ignored import Ignored
from fsmond.filters.ignore_rules import IgnoreRules
from fsmond.monitor.monitor import Monitor


def test_all_of_the_tree_may_be_no_longer_ignored(
    monitor: Monitor, watcher: FakeWatcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts as changed, so that those who wait wake up: nobody would tell them later."""
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "built.o").touch()
    (tmp_path / ".gitignore").write_text("*.o\nthree/\n")
    what = Ignored(monitor, IgnoreRules(os.fsencode(tmp_path), list, None))
    token = monitor.query(None).token
    assert what.without([b"one/built.o"], [], token.sequence) == []
    (tmp_path / ".gitignore").write_text("three/\n")
    watcher.queue_change(b".gitignore")
    monkeypatch.setattr(ignored, "_TIMEOUT", -1.0)

    what.refresh()

    changed = monitor.query(token).paths or []
    wanted = what.without(changed, changed, token.sequence)
    assert set(wanted or ()) == {b".gitignore", b"one/", b"two/"}
