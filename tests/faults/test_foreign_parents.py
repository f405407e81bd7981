"""A daemon does not depend on its parent's signals, descriptors and limits."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.running import (
    FSMOND,
    LONG,
    fsmond,
    is_served,
    make_repository,
    no_daemon_left,
    status,
    until,
)

from fsmond.process.alive import is_running

if sys.platform != "linux":
    pytest.skip("needs /proc", allow_module_level=True)
import resource

ALL = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
IGNORED_BY_PYTHON = {signal.SIGPIPE, signal.SIGXFSZ}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Make a repository, without Git."""
    make_repository(tmp_path / "repository")
    return tmp_path / "repository"


def ignore_all() -> None:
    """Ignore all signals that can be ignored."""
    for each in ALL:
        signal.signal(each, signal.SIG_IGN)


def block_all() -> None:
    """Block all signals."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ALL)


def low_limits() -> None:
    """Lower the soft limits, but not the hard ones."""
    for kind, soft in ((resource.RLIMIT_NOFILE, 40), (resource.RLIMIT_CPU, 5)):
        resource.setrlimit(kind, (soft, resource.getrlimit(kind)[1]))


def no_standard_descriptors() -> None:
    """Close standard input, output and error."""
    for each in range(3):
        os.close(each)


def permissive_umask() -> None:
    """Let all users write new files."""
    os.umask(0)


WAYS = (ignore_all, block_all, low_limits, no_standard_descriptors, permissive_umask)


@pytest.mark.parametrize("command", ["start", "query"])
@pytest.mark.parametrize("prepare", WAYS)
def test_it_is_as_if_started_from_a_shell(
    repository: Path, prepare: Callable[[], None], command: str
) -> None:
    """A process inherits all of this, and a daemon outlives its first client."""
    with no_daemon_left(repository):
        done = subprocess.run(
            [*FSMOND, command, repository],
            preexec_fn=prepare,
            timeout=LONG,
            check=False,
            stdout=subprocess.DEVNULL,
        )

        has_no_output = command == "query" and prepare is no_standard_descriptors
        assert done.returncode == (1 if has_no_output else 0)
        pid = status(repository)["pid"]
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        assert int(fields["SigBlk"], 16) == 0
        ignored = {each for each in ALL if int(fields["SigIgn"], 16) >> (each - 1) & 1}
        assert ignored == IGNORED_BY_PYTHON
        assert fields["Umask"] == "0077"
        limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
        soft = {line[:20].strip(): line[20:].split()[0] for line in limits}
        assert int(soft["Max open files"]) > 40
        assert soft["Max cpu time"] == "unlimited"
        os.kill(pid, signal.SIGTERM)
        until(lambda: not is_running(pid))


@pytest.mark.parametrize(
    "line",
    [
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)",
        "threading.Thread(target=reap, daemon=True).start()",
        "sys.executable = None",
        "sys.executable = ''",
        "sys.executable = '/bin/true'",
        "sys.executable = 'python'",
        "os.chdir(os.path.dirname(sys.argv[1])); os.mkdir('x'); os.chdir('x'); os.rmdir('../x')",
        "os.environ.clear()",
        "[os.close(each) for each in range(3)]; sys.stdout = open(os.devnull, 'w')",
        "[threading.Thread(target=time.sleep, args=(9,), daemon=True).start() for _ in range(9)]",
    ],
)
def test_the_client_library_works_in_any_program(repository: Path, line: str) -> None:
    """Regardless of its signals, children, executable, directory, threads and descriptors."""
    with no_daemon_left(repository):
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM.format(line=line), str(repository)],
            timeout=LONG,
            check=False,
            capture_output=True,
        )

        assert (done.returncode, done.stderr) == (0, b"")
        assert is_served(repository)


_PROGRAM = """\
import os, signal, sys, threading, time
from fsmond.client import Client

def reap():
    while True:
        try:
            os.wait()
        except ChildProcessError:
            time.sleep(0.001)

{line}
answer = Client(sys.argv[1]).query()
os._exit(not answer.everything)
"""


def test_in_a_program_without_an_interpreter_the_error_says_what_to_do(repository: Path) -> None:
    """The program itself must not be run with a daemon's arguments."""
    code = (
        "import sys; from fsmond.process import spawn; from fsmond.client import Client\n"
        "sys.executable = '/bin/true'; spawn._PREFIXES = (); sys._base_executable = ''\n"
        "try:\n    Client(sys.argv[1]).query()\n"
        "except Exception as error:\n    print(type(error).__name__, error)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, repository],
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )

    assert done.stdout.startswith("StartError this program, /bin/true, has no Python interpreter")
    assert done.stdout.endswith("with: fsmond start\n")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_in_the_foreground_an_ignored_signal_stays_ignored(
    repository: Path, number: signal.Signals
) -> None:
    """`nohup` relies on it, and a shell for its background jobs."""
    with (
        no_daemon_left(repository),
        subprocess.Popen(
            [*FSMOND, "run", repository],
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(number, signal.SIG_IGN),  # noqa: PLW1509 - no threads
        ) as process,
    ):
        until(lambda: is_served(repository))
        process.send_signal(number)
        assert status(repository)["pid"] == process.pid
        process.terminate()
        _, log = process.communicate(timeout=LONG)

    assert b"ended by signal SIGTERM" in log


@pytest.mark.parametrize("most", [8, 12, 16, 17, 18, 20, 22, 26, 31])
def test_a_start_with_too_few_descriptors_is_an_error(repository: Path, most: int) -> None:
    """A successful start means that the daemon answers, and will continue to."""
    with no_daemon_left(repository):
        done = subprocess.run(
            [*FSMOND, "start", repository],
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most)),
            capture_output=True,
            text=True,
            timeout=LONG,
            check=False,
        )

        assert done.returncode == 1
        assert done.stderr.startswith("fsmond: ")
        assert done.stderr.count("\n") == 1
        assert "Traceback" not in done.stderr
        assert not (repository / ".git" / "fsmonitor--daemon.ipc").exists()


@pytest.mark.parametrize("command", ["hook 2 x", "query", "status", "status --json"])
def test_a_closed_standard_output_is_an_error_of_one_line(repository: Path, command: str) -> None:
    """Git takes the hook's failure for "everything", and people see why."""
    with no_daemon_left(repository):
        fsmond("start", repository)
        done = subprocess.run(
            [*FSMOND, *command.split()],
            cwd=repository,
            preexec_fn=lambda: os.close(1),
            stdout=None,
            stderr=subprocess.PIPE,
            text=True,
            timeout=LONG,
            check=False,
        )

    assert (done.returncode, done.stderr) == (1, "fsmond: standard output is closed\n")


@pytest.mark.parametrize("command", ["hook 2 x", "query", "status"])
def test_an_error_is_never_written_to_standard_output(repository: Path, command: str) -> None:
    """Python would print it there if standard error is closed."""
    (repository / ".git" / "fsmonitor--daemon.ipc").mkdir()
    done = subprocess.run(
        [*FSMOND, *command.split()],
        cwd=repository,
        preexec_fn=lambda: os.close(2),
        stdout=subprocess.PIPE,
        text=True,
        timeout=LONG,
        check=False,
    )

    assert "cannot" not in done.stdout


def test_a_daemon_inherits_no_descriptor_with_a_high_number(repository: Path) -> None:
    """Numbers are high if the limit is; an inherited one would keep a pipe open."""
    many = 70_000
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < many + 2:
        pytest.skip("needs a high limit of open files")
    reader, writer = os.pipe()

    def give() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (many + 2,) * 2)
        os.dup2(writer, many)

    with no_daemon_left(repository):
        subprocess.run(
            [*FSMOND, "start", repository],
            preexec_fn=give,
            close_fds=False,
            timeout=LONG,
            check=True,
        )
        os.close(writer)

        assert os.read(reader, 1) == b""
    os.close(reader)


def test_a_locale_without_utf_8_breaks_no_path(tmp_path: Path) -> None:
    """A client's locale may differ from that of the process that started the daemon."""
    root = tmp_path / "caf\u00e9 \u2603"
    make_repository(root)
    bare = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}
    other = bare | {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    with no_daemon_left(root):
        for command in (["query"], ["status"], ["status", "--json"], ["stop"], ["status"]):
            done = subprocess.run(
                [*FSMOND, *command, root], env=other, capture_output=True, timeout=LONG, check=False
            )

            assert b"Traceback" not in done.stderr
            assert done.returncode == (0 if command != ["status"] or is_served(root) else 1)
        (root / "\u2603").touch()

        done = subprocess.run(
            [*FSMOND, "query", "--json", root], env=other, capture_output=True, check=False
        )

        assert done.returncode == 0
        assert status(root)["root"] == str(root)
