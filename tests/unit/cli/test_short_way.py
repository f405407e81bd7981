"""What Git and other programs wait for loads no more than it needs.

This needs a process and a socket, unlike its neighbours: only a bare interpreter can tell.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from running import make_repository
from systems import IS_WINDOWS

import fsmond
import ipc

DOOR = Path(fsmond.__file__).with_name("__main__.py")

# What a command imports beyond what the bare interpreter has: of ours exactly, of Python at most.
# For the hook not even `os`.
SHORT_WAY = (
    "fsmond fsmond.cli fsmond.door fsmond.errors fsmond.exchange fsmond.protocol"
    " ipc ipc.client ipc.errors ipc.pktline"
)
QUERY = (
    "fsmond.cli.output fsmond.cli.query fsmond.client fsmond.git fsmond.git.quoting"
    " fsmond.git.worktree fsmond.rendezvous"
)
if sys.platform == "win32":
    SHORT_WAY += " ipc._address_windows ipc._connect_windows"
    QUERY += " fsmond.opening_windows"
    # All but `ntpath` part of the interpreter, or frozen into it; `os` is what makes pipes' names.
    SYSTEM = "os os.path ntpath genericpath stat _stat _collections_abc abc _abc nt _winapi"
    LEAN_SYSTEM = {"hook": SYSTEM, "query": f"{SYSTEM} errno msvcrt"}
else:
    SHORT_WAY += " ipc._connect_unix ipc._peer_unix"
    SYSTEM = "os os.path posixpath genericpath stat _stat _collections_abc"
    LEAN_SYSTEM = {"hook": "_socket errno", "query": f"_socket errno {SYSTEM}"}
LEAN = {
    "hook 2 token": (
        f"{SHORT_WAY} fsmond.cli.hook",
        LEAN_SYSTEM["hook"],
    ),
    "query --no-start": (f"{SHORT_WAY} {QUERY}", LEAN_SYSTEM["query"]),
}


def _answer(_: bytes, reply: Callable[[bytes], None]) -> None:
    reply(b"fsmond:a:1\0path\0dir/\0")


def _is_on_disk(path: str) -> bool:
    return sys.platform != "win32" and bool(os.major(os.stat(path).st_dev))


REPORT = f"""\
import {"os" if IS_WINDOWS else "posix"} as system, sys
system._exit = sys.exit
before, sys.argv = set(sys.modules), sys.argv[1:]
door = {{"__name__": "__main__", "__package__": None, "__file__": sys.argv[0]}}
try:
    exec(compile(open(sys.argv[0]).read(), sys.argv[0], "exec"), door)
finally:
    print(*sorted(set(sys.modules) - before), file=sys.stderr)
"""


@pytest.mark.parametrize("command", LEAN)
def test_what_git_waits_for_imports_no_more_than_it_needs(command: str) -> None:
    """Git runs it for each `status`; an import can cost as much as all the rest."""
    # Not in tmp_path: for a long path more is imported, to make it short.
    with TemporaryDirectory(dir=None if IS_WINDOWS else "/tmp") as tree:
        if command.startswith("query") and not IS_WINDOWS and not _is_on_disk(tree):
            pytest.skip("needs a disk below /tmp; what is on none might be another machine's")
        make_repository(Path(tree))
        line = [sys.executable, "-I", "-S", "-c", REPORT, str(DOOR), *command.split()]
        with ipc.Server(f"{tree}/.git/fsmonitor--daemon.ipc", _answer):
            done = subprocess.run(
                line, cwd=tree, capture_output=True, text=True, timeout=30, check=False
            )

    assert (done.returncode, "fsmond:a:1" in done.stdout) == (0, True)
    loaded = set(done.stderr.split())
    ours, theirs = (set(names.split()) for names in LEAN[command])
    assert {name for name in loaded if name.partition(".")[0] in ("fsmond", "ipc")} == ours
    assert loaded - ours <= theirs
