"""Of all who would serve a path, one does."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ipc_tools import echo, leave_dead, said, script
from wine import wine_fails

import ipc


def test_a_living_server_is_refused(tmp_path: Path) -> None:
    """And not disturbed."""
    path = tmp_path / "s"
    with ipc.Server(path, echo):
        with pytest.raises(ipc.AddressInUseError, match="running"):
            ipc.Server(path, echo)
        assert ipc.send_command(path, b"hello") == b"hello"
        assert list(tmp_path.iterdir()) == ([] if sys.platform == "win32" else [path])


def test_a_server_that_has_not_started_owns_its_path_too(tmp_path: Path) -> None:
    """Its queue is open: who starts two must not lose the first one's clients."""
    first = ipc.Server(tmp_path / "s", echo)
    try:
        with pytest.raises(ipc.AddressInUseError):
            ipc.Server(tmp_path / "s", echo)
    finally:
        first.close()


@pytest.mark.parametrize("path", ["", "a\0b", "no/such/folder/s"])
def test_a_bogus_path_is_an_error_with_a_meaning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    """Not whatever the system call said."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ipc.InvalidPathError):
        ipc.Server(path, echo)


@wine_fails("8.0 does not heed FILE_FLAG_FIRST_PIPE_INSTANCE")
def test_of_two_servers_that_start_at_once_one_lives(tmp_path: Path) -> None:
    """The lock file decides; the losers say why."""
    code = (
        "import sys, ipc\n"
        "try: server = ipc.Server(sys.argv[1], lambda m, r: m)\n"
        "except ipc.AddressInUseError: print('in use', flush=True)\n"
        "else:\n"
        "    with server: print('mine', flush=True), sys.stdin.read()\n"
    )
    with ThreadPoolExecutor() as pool:
        started = list(pool.map(lambda _: script(code, tmp_path / "s", said_first=False), range(8)))
    answers = [said(process) for process in started]
    alive = ipc.send_command(tmp_path / "s", b"hello")
    for process in started:
        process.communicate()

    assert sorted(answers) == ["in use"] * 7 + ["mine"]
    assert alive == b"hello"
    assert list(tmp_path.iterdir()) == []


@wine_fails("8.0 does not heed FILE_FLAG_FIRST_PIPE_INSTANCE, so that two of four had the name")
def test_threads_that_claim_a_dead_socket_at_once_do_not_lose_it(tmp_path: Path) -> None:
    """Replacing must not hit one that has just come to life."""
    path = tmp_path / "s"
    won, lost = [], []

    def claim() -> None:
        try:
            won.append(ipc.Server(path, echo))
        except ipc.AddressInUseError:
            lost.append(1)

    for _ in range(10):
        leave_dead(path)
        threads = [threading.Thread(target=claim) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(won), len(lost)) == (1, 3)
        won.pop().close()
        lost.clear()
