import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.ipc_tools import ROOT, echo, eventually, script

import ipc

if sys.platform == "win32":
    pytest.skip("Windows has no fork and no socket files", allow_module_level=True)


def test_the_files_of_a_killed_process_are_replaced(tmp_path: Path) -> None:
    """Both its socket and its temporary files."""
    code = (
        "import os, sys, ipc, ipc._server.unix.listen as module\n"
        "module.os = type('os', (), dict(vars(os), rename=lambda *a, **k: os._exit(9)))\n"
        "ipc.Server(sys.argv[1], None)\n"
    )
    died = subprocess.run([sys.executable, "-c", code, tmp_path / "s"], cwd=ROOT, check=False)
    assert died.returncode == 9
    assert list(tmp_path.iterdir())

    ipc.Server(tmp_path / "s", echo).close()

    assert list(tmp_path.iterdir()) == []


def test_a_child_made_by_fork_does_not_touch_the_path(tmp_path: Path) -> None:
    """Its copy of the server must not remove the parent's socket."""
    path = tmp_path / "s"
    with ipc.Server(path, echo) as server:
        child = os.fork()
        if not child:
            try:
                server.close()
            finally:
                os._exit(0 if path.exists() else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert ipc.send_command(path, b"hello") == b"hello"


def test_a_child_does_not_keep_a_dead_servers_queue_open(tmp_path: Path) -> None:
    """Otherwise clients could connect, and would wait forever."""
    path = tmp_path / "s"
    code = (
        "import os, sys, ipc\n"
        "server = ipc.Server(sys.argv[1], None)\n"
        "child = os.fork()\n"
        "if child: print(child, flush=True), os.kill(os.getpid(), 9)\n"
        "sys.stdin.read()\n"
    )
    process = script(code, path)
    try:
        assert eventually(lambda: ipc.get_active_state(path) is ipc.ActiveState.NOT_LISTENING)
    finally:
        process.communicate()


@pytest.mark.parametrize("ending", ["exit", "interrupt"])
def test_a_program_that_ends_leaves_no_socket(tmp_path: Path, ending: str) -> None:
    """Even if it has not closed its server."""
    path = tmp_path / "s"
    process = script(
        "import sys, ipc\n"
        "server = ipc.Server(sys.argv[1], lambda m, r: m)\n"
        "server.start(); print('up', flush=True); sys.stdin.read()\n",
        path,
    )
    if ending == "interrupt":
        process.send_signal(signal.SIGINT)
    process.communicate()

    assert list(tmp_path.iterdir()) == []


def test_no_descriptor_is_inherited(tmp_path: Path) -> None:
    """A child program must not keep the socket, or a connection, open."""
    code = "import os; print(len(os.listdir('/proc/self/fd')))"

    def count() -> bytes:
        return subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True, close_fds=False
        ).stdout

    before = count()
    with ipc.Server(tmp_path / "s", lambda _message, _reply: count()):
        assert ipc.send_command(tmp_path / "s", b"?") == before
