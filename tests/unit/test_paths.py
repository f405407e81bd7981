"""Names with two Unicode normalization forms."""

import sys

import pytest
from support.fake_watcher import FakeWatcher
from unit.conftest import Make

from fsmond.monitor import monitor as monitors
from fsmond.paths import with_both_forms

COMPOSED, DECOMPOSED = "caf\u00e9/file".encode(), "cafe\u0301/file".encode()


@pytest.mark.parametrize("path", [COMPOSED, DECOMPOSED])
def test_each_form_is_accompanied_by_the_other(path: bytes) -> None:
    """Git compares the composed form, and the disk may have either."""
    assert sorted(with_both_forms([b"plain", path])) == sorted([b"plain", COMPOSED, DECOMPOSED])


@pytest.mark.skipif(sys.platform == "win32", reason="all names are text there")
def test_names_that_are_not_text_stay_unchanged() -> None:
    """They have one form."""
    assert with_both_forms([b"\xff"]) == [b"\xff"]


def test_an_answer_has_both_forms_where_names_have_two(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever form the watcher reports."""
    monkeypatch.setattr(monitors, "HAS_TWO_FORMS", True)
    monitor = make(FakeWatcher)
    monitor.start()
    token = bytes(monitor.query(None).token)
    assert isinstance(monitor.watcher, FakeWatcher)

    monitor.watcher.queue_change(DECOMPOSED)

    assert set(monitor.query(token).paths or ()) == {COMPOSED, DECOMPOSED}
