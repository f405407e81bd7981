"""Only one of several servers can claim a path."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.ipc_tools import echo, first_line, leave_dead_socket, script
from support.wine import fails_on_wine

import ipc


def test_the_path_of_a_running_server_is_refused(tmp_path: Path) -> None:
    """The running server is not affected."""
    path = tmp_path / "s"
    with ipc.Server(path, echo):
        with pytest.raises(ipc.AddressInUseError, match="running"):
            ipc.Server(path, echo)
        assert ipc.send_command(path, b"hello") == b"hello"
        assert list(tmp_path.iterdir()) == ([] if sys.platform == "win32" else [path])


def test_a_server_that_has_not_started_owns_its_path_too(tmp_path: Path) -> None:
    """Its backlog is open: a second server must not disconnect its clients."""
    first = ipc.Server(tmp_path / "s", echo)
    try:
        with pytest.raises(ipc.AddressInUseError):
            ipc.Server(tmp_path / "s", echo)
    finally:
        first.close()


@pytest.mark.parametrize("path", ["", "a\0b", "no/such/folder/s"])
def test_an_impossible_path_is_an_invalid_path_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    """Not the error of a system call."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ipc.InvalidPathError):
        ipc.Server(path, echo)


@fails_on_wine("8.0 ignores FILE_FLAG_FIRST_PIPE_INSTANCE")
def test_one_of_many_simultaneous_servers_claims_the_path(tmp_path: Path) -> None:
    """The lock file decides; the others report that the path is in use."""
    code = (
        "import sys, ipc\n"
        "try: server = ipc.Server(sys.argv[1], lambda m, r: m)\n"
        "except ipc.AddressInUseError: print('in use', flush=True)\n"
        "else:\n"
        "    with server: print('mine', flush=True), sys.stdin.read()\n"
    )
    with ThreadPoolExecutor() as pool:
        started = list(
            pool.map(lambda _: script(code, tmp_path / "s", wait_until_ready=False), range(8))
        )
    answers = [first_line(process) for process in started]
    alive = ipc.send_command(tmp_path / "s", b"hello")
    for process in started:
        process.communicate()

    assert sorted(answers) == ["in use"] * 7 + ["mine"]
    assert alive == b"hello"
    assert list(tmp_path.iterdir()) == []


@fails_on_wine("8.0 ignores FILE_FLAG_FIRST_PIPE_INSTANCE: two of four threads had the name")
def test_one_of_many_threads_replaces_a_dead_socket(tmp_path: Path) -> None:
    """The others must not replace the new one."""
    path = tmp_path / "s"
    won, lost = [], []

    def claim() -> None:
        try:
            won.append(ipc.Server(path, echo))
        except ipc.AddressInUseError:
            lost.append(1)

    for _ in range(10):
        leave_dead_socket(path)
        threads = [threading.Thread(target=claim) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(won), len(lost)) == (1, 3)
        won.pop().close()
        lost.clear()
