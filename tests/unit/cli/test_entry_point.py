"""The commands that Git and other programs wait for load no more modules than they need.

Unlike the other unit tests, this needs a process and a socket: only a bare interpreter shows it.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from support.running import make_repository
from support.systems import IS_WINDOWS

import fsmond
import ipc

MAIN = Path(fsmond.__file__).with_name("__main__.py")

# The modules that a command imports beyond the bare interpreter's: of ours exactly these, of Python
# at most these.  The hook does not even import `os`.
SHARED = (
    "fsmond fsmond.cli fsmond.entry_point fsmond.errors fsmond.exchange fsmond.protocol"
    " ipc ipc.client ipc.errors ipc.pktline"
)
QUERY = (
    "fsmond.cli.output fsmond.cli.query fsmond.client fsmond.git fsmond.git.quoting"
    " fsmond.git.worktree fsmond.rendezvous"
)
if sys.platform == "win32":
    SHARED += " ipc._address_windows ipc._connect_windows"
    QUERY += " fsmond.windows fsmond.windows.opening"
    # All but `ntpath` are built in or frozen; the names of pipes need `os`.
    SYSTEM = "os os.path ntpath genericpath stat _stat _collections_abc abc _abc nt _winapi"
    LEAN_SYSTEM = {"hook": SYSTEM, "query": f"{SYSTEM} errno msvcrt"}
else:
    SHARED += " ipc._connect_unix ipc._peer_unix"
    SYSTEM = "os os.path posixpath genericpath stat _stat _collections_abc"
    LEAN_SYSTEM = {"hook": "_socket errno", "query": f"_socket errno {SYSTEM}"}
LEAN = {
    "hook 2 token": (
        f"{SHARED} fsmond.cli.hook",
        LEAN_SYSTEM["hook"],
    ),
    "query --no-start": (f"{SHARED} {QUERY}", LEAN_SYSTEM["query"]),
}


def _answer(_: bytes, reply: Callable[[bytes], None]) -> None:
    reply(b"fsmond:a:1\0path\0dir/\0")


def _is_on_disk(path: str) -> bool:
    return sys.platform != "win32" and bool(os.major(os.stat(path).st_dev))


REPORT = f"""\
import {"os" if IS_WINDOWS else "posix"} as system, sys
system._exit = sys.exit
before, sys.argv = set(sys.modules), sys.argv[1:]
entry = {{"__name__": "__main__", "__package__": None, "__file__": sys.argv[0]}}
try:
    exec(compile(open(sys.argv[0]).read(), sys.argv[0], "exec"), entry)
finally:
    print(*sorted(set(sys.modules) - before), file=sys.stderr)
"""


@pytest.mark.parametrize("command", LEAN)
def test_a_frequent_command_imports_no_more_than_it_needs(command: str) -> None:
    """Git runs the hook for each `status`; one import can cost as much as all the rest."""
    # Not in tmp_path: a long socket path needs more imports, to be shortened.
    with TemporaryDirectory(dir=None if IS_WINDOWS else "/tmp") as tree:
        if command.startswith("query") and not IS_WINDOWS and not _is_on_disk(tree):
            pytest.skip("needs a disk below /tmp; another file system might be remote")
        make_repository(Path(tree))
        line = [sys.executable, "-I", "-S", "-c", REPORT, str(MAIN), *command.split()]
        with ipc.Server(f"{tree}/.git/fsmonitor--daemon.ipc", _answer):
            done = subprocess.run(
                line, cwd=tree, capture_output=True, text=True, timeout=30, check=False
            )

    assert (done.returncode, "fsmond:a:1" in done.stdout) == (0, True)
    loaded = set(done.stderr.split())
    ours, theirs = (set(names.split()) for names in LEAN[command])
    assert {name for name in loaded if name.partition(".")[0] in ("fsmond", "ipc")} == ours
    assert loaded - ours <= theirs
