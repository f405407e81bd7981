"""A system without free threads, descriptors or memory."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from support.ipc_tools import ROOT, Reply, echo, eventually, worker_count
from support.other_user import BECOME_OTHER_USER, is_root, other_users_folder

import ipc

requires_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="needs /proc, and Linux's limits"
)


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Limit the threads of `ipc`; return a list with the number that can still be started."""
    left = [0]
    start = threading.Thread.start

    def limited(self: threading.Thread) -> None:
        if self.name.startswith("ipc-"):
            if not left[0]:
                raise RuntimeError("can't start new thread")
            left[0] -= 1
        start(self)

    monkeypatch.setattr(threading.Thread, "start", limited)
    return left


@pytest.mark.parametrize("count", [0, 1])
@pytest.mark.parametrize("by", ["start", "with", "run"])
def test_without_threads_a_server_fails_and_leaks_nothing(
    tmp_path: Path, threads: list[int], count: int, by: str
) -> None:
    """The first thread runs the server loop, the second would be the first worker."""
    threads[0] = count
    ways: dict[str, Callable[[], object]] = {
        "start": lambda: ipc.Server(tmp_path / "s", echo).start(),
        "with": lambda: ipc.Server(tmp_path / "s", echo).__enter__(),
        "run": lambda: ipc.run(tmp_path / "s", echo),
    }
    with pytest.raises(ipc.UnreachableError, match="ulimit -u"):
        ways[by]()
    assert not list(tmp_path.iterdir())
    assert not worker_count()
    with pytest.raises(ipc.NoServerError):
        ipc.connect(tmp_path / "s")


@pytest.mark.parametrize("count", [2, 3])
def test_one_worker_is_enough(
    tmp_path: Path, threads: list[int], count: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The log reports the shortage."""
    threads[0] = count
    with ipc.Server(tmp_path / "s", echo):
        for _ in range(20):
            assert ipc.send_command(tmp_path / "s", b"hello", timeout=10) == b"hello"
        assert worker_count() <= count - 1
    assert len(caplog.records) == 1
    assert f"going on with {count - 1}" in caplog.text


def test_more_threads_are_started_after_a_shortage(tmp_path: Path, threads: list[int]) -> None:
    """A shortage may be temporary."""
    go_on = threading.Event()

    def application(message: bytes, _reply: Reply) -> bytes:
        if message == b"wait":
            go_on.wait(10)
        return message

    threads[0] = 2
    with ipc.Server(tmp_path / "s", application):
        waiting = threading.Thread(target=ipc.send_command, args=(tmp_path / "s", b"wait"))
        waiting.start()
        assert eventually(lambda: not _idle(tmp_path / "s"))
        threads[0] = 100
        assert ipc.send_command(tmp_path / "s", b"hello", timeout=10) == b"hello"
        go_on.set()
        waiting.join()


def _idle(path: Path) -> bool:
    try:
        return ipc.send_command(path, b"?", timeout=0.05) == b"?"
    except ipc.TimedOutError:
        return False


LIMITED = """
import os, resource, sys, ipc, ipc.server
import selectors, socket, traceback
FIRST
def application(message, reply): return message
path, what, how_many = sys.argv[1], getattr(resource, sys.argv[2]), int(sys.argv[3])
def is_open(descriptor):
    try: return bool(os.fstat(descriptor))
    except OSError: return False
def all_open(): return [each for each in range(100) if is_open(each)]
before = all_open()
def limit(to): resource.setrlimit(what, (to, resource.getrlimit(what)[1]))
soft = resource.getrlimit(what)[0]
def size(): return int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
limit(how_many + size() if sys.argv[2] == "RLIMIT_AS" else how_many)
try:
    with ipc.Server(path, application) as server:
        print("up", flush=True)
        sys.stdin.read()
except ipc.UnreachableError as error:
    limit(soft)
    print("refused", error, flush=True)
limit(soft)
assert all_open() == before, all_open()
"""


def outcome(path: Path, what: str, how_many: int, *, first: str = "") -> str:
    """Run a server in a process with a limit; return its first line of output."""
    process = subprocess.Popen(
        [sys.executable, "-c", LIMITED.replace("FIRST", first), path, what, str(how_many)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said: str = process.stdout.readline()
    try:
        if said == "up\n":
            for _ in range(5):
                assert ipc.send_command(path, b"hello", timeout=10) == b"hello"
    finally:
        _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert not list(path.parent.iterdir())
    return said.strip()


@requires_linux
def test_descriptors_may_run_out_at_any_step(tmp_path: Path) -> None:
    """No descriptor or file is leaked, and the error names the limit to raise."""
    said = [outcome(tmp_path / "s", "RLIMIT_NOFILE", limit) for limit in range(3, 16)]

    refused = [each for each in said if each != "up"]
    assert refused
    assert all("ulimit -n" in each for each in refused)
    assert said == [*refused, *["up"] * (len(said) - len(refused))]
    assert said[-1] == "up"


@requires_linux
def test_the_limit_of_processes_is_named() -> None:
    """It counts all processes of a user, except root; so the test becomes a user without any."""
    with other_users_folder() as folder:
        said = outcome(folder / "s", "RLIMIT_NPROC", 1, first=BECOME_OTHER_USER)
        assert said.startswith("refused")
        assert "ulimit -u" in said
        if is_root:
            assert outcome(folder / "s", "RLIMIT_NPROC", 3, first=BECOME_OTHER_USER) == "up"


@requires_linux
@pytest.mark.parametrize("more", [4, 16, 64, 128])
def test_memory_may_run_out_when_a_server_starts(tmp_path: Path, more: int) -> None:
    """Each thread needs memory for its stack; with less the interpreter does not run."""
    status = outcome(tmp_path / "s", "RLIMIT_AS", more << 20)
    assert status == "up" or status.startswith("refused")


DAEMON = """
import sys, threading
start, none = threading.Thread.start, sys.argv[1]
def limited(self):
    if self.name.startswith(none): raise RuntimeError("can't start new thread")
    start(self)
threading.Thread.start = limited
sys.argv[:] = ["fsmond", "run", sys.argv[2]]
from fsmond.entry_point import main
sys.exit(main())
"""


@pytest.mark.parametrize("thread", ["ipc-", "fsmond-"])
def test_a_daemon_without_threads_names_the_limit_and_leaves_no_socket(
    root: Path, thread: str
) -> None:
    """For any thread that cannot be started."""
    runtime = Path(os.environ["XDG_RUNTIME_DIR"])
    done = subprocess.run(
        [sys.executable, "-c", DAEMON, thread, root],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "ulimit -u" in done.stderr
    assert "Traceback" not in done.stderr
    assert not [path for path in runtime.rglob("*") if not path.is_dir()]
