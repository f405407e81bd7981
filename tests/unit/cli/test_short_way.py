"""What Git and other programs wait for loads no more than it needs.

This needs a process and a socket, unlike its neighbours: only a bare interpreter can tell.
"""

import contextlib
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import fsmond

DOOR = Path(fsmond.__file__).with_name("__main__.py")

# What a command imports beyond what the bare interpreter has: of ours exactly, of Python at most.
# For the hook not even `os`.
SHORT_WAY = "fsmond fsmond.cli fsmond.door ipc ipc._connect_unix ipc.client ipc.errors ipc.pktline"
LEAN = {
    "hook 2 token": (f"{SHORT_WAY} fsmond.cli.hook fsmond.errors fsmond.protocol", "_socket errno"),
    "query --no-start": (
        f"{SHORT_WAY} fsmond.cli.output fsmond.cli.query fsmond.client fsmond.errors fsmond.git"
        " fsmond.git.quoting fsmond.git.worktree fsmond.protocol"
        " fsmond.rendezvous",
        "_socket errno os os.path posixpath genericpath stat _stat _collections_abc",
    ),
}

REPORT = """\
import sys
before, sys.argv = set(sys.modules), sys.argv[1:]
door = {"__name__": "__main__", "__package__": None, "__file__": sys.argv[0]}
try:
    exec(compile(open(sys.argv[0]).read(), sys.argv[0], "exec"), door)
finally:
    print(*sorted(set(sys.modules) - before), file=sys.stderr)
"""


def _answer_one(listener: socket.socket) -> None:
    with contextlib.suppress(OSError), listener.accept()[0] as stream:
        stream.recv(4096)
        stream.sendall(b"0019fsmond:a:1\0path\0dir/\x000000")


@pytest.mark.parametrize("command", LEAN)
def test_what_git_waits_for_imports_no_more_than_it_needs(command: str) -> None:
    """Git runs it for each `status`; an import can cost as much as all the rest."""
    if sys.platform == "win32":
        pytest.skip("its sockets are pipes")
    # Not in tmp_path: for a long path more is imported, to make it short.
    with TemporaryDirectory(dir="/tmp") as tree, socket.socket(socket.AF_UNIX) as listener:
        if command.startswith("query") and not os.major(os.stat(tree).st_dev):
            pytest.skip("needs a disk below /tmp; what is on none might be another machine's")
        (Path(tree) / ".git").mkdir()
        (Path(tree) / ".git" / "HEAD").touch()
        listener.bind(f"{tree}/.git/fsmonitor--daemon.ipc")
        listener.listen()
        answering = threading.Thread(target=_answer_one, args=(listener,), name="answering")
        answering.start()
        line = [sys.executable, "-I", "-S", "-c", REPORT, str(DOOR), *command.split()]
        try:
            done = subprocess.run(
                line, cwd=tree, capture_output=True, text=True, timeout=30, check=False
            )
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # nobody may have come
            answering.join()

    assert (done.returncode, "fsmond:a:1" in done.stdout) == (0, True)
    loaded = set(done.stderr.split())
    ours, theirs = (set(names.split()) for names in LEAN[command])
    assert {name for name in loaded if name.partition(".")[0] in ("fsmond", "ipc")} == ours
    assert loaded - ours <= theirs
