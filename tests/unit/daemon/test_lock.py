"""Of those who would start a tree's daemon, one does."""

import os
import time
from pathlib import Path

import pytest
from systems import of_windows

from fsmond.daemon.lock import held


def soon() -> float:
    """Return a deadline that passes within the test."""
    return time.monotonic() + 0.05


def test_one_has_it_at_a_time(tmp_path: Path) -> None:
    """Who comes second waits, and not for ever."""
    with held(bytes(tmp_path), soon()), pytest.raises(TimeoutError, match="another process"):
        held(bytes(tmp_path), soon()).__enter__()


def test_it_is_free_when_it_was_given_back(tmp_path: Path) -> None:
    """Also by who failed."""
    with pytest.raises(KeyError), held(bytes(tmp_path), soon()):
        raise KeyError

    with held(bytes(tmp_path), soon()):
        pass


def test_each_directory_has_its_own(tmp_path: Path) -> None:
    """Nobody waits for another tree."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    with held(bytes(tmp_path / "a"), soon()), held(bytes(tmp_path / "b"), soon()):
        assert sorted(tmp_path.iterdir()) == [tmp_path / "a", tmp_path / "b"]


@of_windows
def test_a_directory_has_one_however_it_is_written(tmp_path: Path) -> None:
    """Letters of both kinds are the same there."""
    with held(bytes(tmp_path).upper(), soon()), pytest.raises(TimeoutError):
        held(bytes(tmp_path).lower(), soon()).__enter__()


def test_who_waits_gets_it_when_the_other_one_is_done(tmp_path: Path) -> None:
    """That one's daemon is then found."""
    directory = os.fsencode(tmp_path)
    first = held(directory, soon())
    first.__enter__()
    with pytest.raises(TimeoutError), held(directory, soon()):
        pass
    first.__exit__(None, None, None)

    with held(directory, soon()):
        pass
