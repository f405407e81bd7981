"""File systems that may not answer are compared by threads of their own."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fsmond.monitor.probes import MAX_PROBES, Probes


@pytest.fixture
def changed() -> list[bytes]:
    """Return what is reported."""
    return []


@pytest.fixture
def probes(tmp_path: Path, changed: list[bytes]) -> Iterator[Probes]:
    """Return the probes of a tree, ended with the test."""
    made = Probes(bytes(tmp_path), lambda paths, _: changed.extend(paths))
    yield made
    made.stop()


def test_what_changed_is_reported(probes: Probes, tmp_path: Path, changed: list[bytes]) -> None:
    """The first time all of it, as nobody knows what was there."""
    (tmp_path / "far").mkdir()
    assert probes.compare([b"far/"], timeout=30) == []
    assert changed == [b"far/"]
    (tmp_path / "far" / "new").touch()

    assert probes.compare([b"far/"], timeout=30) == []

    assert b"far/new" in changed


def test_their_number_is_bounded(probes: Probes, tmp_path: Path) -> None:
    """Those beyond count as not compared, and so are in each answer."""
    prefixes = [b"%03d/" % number for number in range(MAX_PROBES + 3)]
    for prefix in prefixes:
        (tmp_path / prefix.decode()).mkdir()
    before = threading.active_count()

    not_done = probes.compare(prefixes, timeout=30)

    assert not_done == prefixes[MAX_PROBES:]
    assert threading.active_count() - before == MAX_PROBES
