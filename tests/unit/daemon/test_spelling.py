"""Tests for fsmond.daemon.spelling."""

import sys

import pytest
from unit.daemon.conftest import Make
from unit.daemon.fake_watcher import FakeWatcher

from fsmond.daemon import monitor as monitors
from fsmond.daemon.spelling import both

COMPOSED, DECOMPOSED = "caf\u00e9/file".encode(), "cafe\u0301/file".encode()


@pytest.mark.parametrize("path", [COMPOSED, DECOMPOSED])
def test_each_spelling_has_the_other_beside_it(path: bytes) -> None:
    """Git compares the composed one, and the disk may have any."""
    assert sorted(both([b"plain", path])) == sorted([b"plain", COMPOSED, DECOMPOSED])


@pytest.mark.skipif(sys.platform == "win32", reason="all names are text there")
def test_names_that_are_no_text_stay_as_they_are() -> None:
    """They have one spelling."""
    assert both([b"\xff"]) == [b"\xff"]


def test_an_answer_has_both_where_names_have_two(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it became known that the file changed."""
    monkeypatch.setattr(monitors, "TWO", True)
    monitor = make(FakeWatcher)
    monitor.start()
    token = bytes(monitor.query(None).token)
    assert isinstance(monitor.watcher, FakeWatcher)

    monitor.watcher.happen(DECOMPOSED)

    assert set(monitor.query(token).paths or ()) == {COMPOSED, DECOMPOSED}
