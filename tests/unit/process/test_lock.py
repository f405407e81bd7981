"""The lock by which one process at a time starts a tree's daemon."""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.systems import unix_only, windows_only

from fsmond import folders
from fsmond.folders import runtime_folders
from fsmond.process.lock import start_lock
from fsmond.rendezvous import name_of


def soon() -> float:
    """Return a deadline that passes within the test."""
    return time.monotonic() + 0.05


def test_one_process_holds_it_at_a_time(tmp_path: Path) -> None:
    """The second one waits, up to its deadline."""
    with start_lock(bytes(tmp_path), soon()), pytest.raises(TimeoutError, match="another process"):
        start_lock(bytes(tmp_path), soon()).__enter__()


def test_it_is_free_after_a_release(tmp_path: Path) -> None:
    """Also after an exception."""
    with pytest.raises(KeyError), start_lock(bytes(tmp_path), soon()):
        raise KeyError

    with start_lock(bytes(tmp_path), soon()):
        pass


def test_each_directory_has_its_own_lock(tmp_path: Path) -> None:
    """A start does not wait for that of another tree."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    with start_lock(bytes(tmp_path / "a"), soon()), start_lock(bytes(tmp_path / "b"), soon()):
        assert sorted(tmp_path.iterdir()) == [tmp_path / "a", tmp_path / "b"]


@unix_only
def test_a_user_who_may_only_read_the_directory_cannot_hold_it(tmp_path: Path) -> None:
    """The lock is on a file that other users cannot open."""
    if sys.platform == "win32":
        return
    import fcntl

    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)

    with start_lock(bytes(tmp_path), soon()):
        pass

    os.close(descriptor)


@unix_only
def test_its_file_is_removed_at_release(tmp_path: Path) -> None:
    """Else there would be one for each tree that was ever watched."""
    folder = Path(runtime_folders()[0])
    with start_lock(bytes(tmp_path), soon()):
        name = name_of(bytes(tmp_path)) + ".lock"
        assert (folder / name).exists()

    assert not (folder / name).exists()


@unix_only
def test_one_of_many_holds_it_although_each_removes_the_file(tmp_path: Path) -> None:
    """A lock on a file that has been removed does not count."""
    holders: list[int] = []
    most: list[int] = []

    def take(number: int) -> None:
        with start_lock(bytes(tmp_path), time.monotonic() + 20):
            holders.append(number)
            most.append(len(holders))
            holders.remove(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take, range(100)))

    assert most == [1] * 100


@unix_only
def test_without_a_folder_nothing_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the claim of the socket decides which daemon stays."""
    monkeypatch.setattr(folders, "_bases", lambda: ["/no/such"])

    with start_lock(bytes(tmp_path), soon()), start_lock(bytes(tmp_path), soon()):
        pass


@windows_only
def test_all_spellings_of_a_directory_have_the_same_lock(tmp_path: Path) -> None:
    """Windows ignores case."""
    with start_lock(bytes(tmp_path).upper(), soon()), pytest.raises(TimeoutError):
        start_lock(bytes(tmp_path).lower(), soon()).__enter__()


def test_a_waiting_process_gets_it_after_the_release(tmp_path: Path) -> None:
    """It then finds the daemon that the other one started."""
    directory = os.fsencode(tmp_path)
    first = start_lock(directory, soon())
    first.__enter__()
    with pytest.raises(TimeoutError), start_lock(directory, soon()):
        pass
    first.__exit__(None, None, None)

    with start_lock(directory, soon()):
        pass
