"""Of those who would start a tree's daemon, one does."""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from systems import of_unix, of_windows

from fsmond import folders
from fsmond.daemon.lock import held
from fsmond.folders import runtime_folders
from fsmond.rendezvous import name_of


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


@of_unix
def test_who_may_only_read_the_directory_cannot_hold_it(tmp_path: Path) -> None:
    """The lock is on nothing that others can open."""
    if sys.platform == "win32":
        return
    import fcntl

    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)

    with held(bytes(tmp_path), soon()):
        pass

    os.close(descriptor)


@of_unix
def test_nothing_is_left_of_it(tmp_path: Path) -> None:
    """There are as many as there are trees."""
    folder = Path(runtime_folders()[0])
    with held(bytes(tmp_path), soon()):
        name = name_of(bytes(tmp_path)) + ".lock"
        assert (folder / name).exists()

    assert not (folder / name).exists()


@of_unix
def test_one_of_many_has_it_though_each_removes_its_file(tmp_path: Path) -> None:
    """Who opened the file before it was removed has the lock of nothing."""
    holders: list[int] = []
    most: list[int] = []

    def take(number: int) -> None:
        with held(bytes(tmp_path), time.monotonic() + 20):
            holders.append(number)
            most.append(len(holders))
            holders.remove(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take, range(100)))

    assert most == [1] * 100


@of_unix
def test_without_a_folder_nothing_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the daemons settle among themselves who is first."""
    monkeypatch.setattr(folders, "_bases", lambda: ["/no/such"])

    with held(bytes(tmp_path), soon()), held(bytes(tmp_path), soon()):
        pass


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
