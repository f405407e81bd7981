"""A daemon may be started by any process, whatever that one does with signals, files and limits."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from running import FSMOND, LONG, fsmond, is_served, make_repository, no_daemon_left, status, until

from fsmond.daemon.alive import lives

if sys.platform != "linux":
    pytest.skip("what a process has is looked up in /proc", allow_module_level=True)
import resource

ALL = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
PYTHONS_OWN = {signal.SIGPIPE, signal.SIGXFSZ}  # which it ignores by itself


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return what passes for a repository."""
    make_repository(tmp_path / "repository")
    return tmp_path / "repository"


def ignore_all() -> None:
    """Ignore each signal that can be ignored."""
    for each in ALL:
        signal.signal(each, signal.SIG_IGN)


def block_all() -> None:
    """Let no signal come."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ALL)


def few_of_all() -> None:
    """Limit oneself, with leave to go further."""
    for kind, least in ((resource.RLIMIT_NOFILE, 40), (resource.RLIMIT_CPU, 5)):
        resource.setrlimit(kind, (least, resource.getrlimit(kind)[1]))


def no_standard_files() -> None:
    """Close them all."""
    for each in range(3):
        os.close(each)


def open_mask() -> None:
    """Have files made that all may write."""
    os.umask(0)


WAYS = (ignore_all, block_all, few_of_all, no_standard_files, open_mask)


@pytest.mark.parametrize("command", ["start", "query"])
@pytest.mark.parametrize("prepare", WAYS)
def test_it_is_as_if_a_person_had_started_it(
    repository: Path, prepare: Callable[[], None], command: str
) -> None:
    """All of this is inherited, and a daemon outlives who was the first to ask."""
    with no_daemon_left(repository):
        done = subprocess.run(
            [*FSMOND, command, repository],
            preexec_fn=prepare,
            timeout=LONG,
            check=False,
            stdout=subprocess.DEVNULL,
        )

        asked = command == "query" and prepare is no_standard_files
        assert done.returncode == (1 if asked else 0)
        pid = status(repository)["pid"]
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        told = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        assert int(told["SigBlk"], 16) == 0
        ignored = {each for each in ALL if int(told["SigIgn"], 16) >> (each - 1) & 1}
        assert ignored == PYTHONS_OWN
        assert told["Umask"] == "0077"
        limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
        soft = {line[:20].strip(): line[20:].split()[0] for line in limits}
        assert int(soft["Max open files"]) > 40
        assert soft["Max cpu time"] == "unlimited"
        os.kill(pid, signal.SIGTERM)
        until(lambda: not lives(pid))


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
def test_a_library_asks_nothing_of_the_program_around_it(repository: Path, line: str) -> None:
    """Not its signals, its children, its executable, its directory, nor its descriptors."""
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


def test_a_program_without_a_python_is_told_what_to_do(repository: Path) -> None:
    """Its own file, run with our arguments, would do whatever it does."""
    code = (
        "import sys; from fsmond.daemon import spawn; from fsmond.client import Client\n"
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

    assert done.stdout.startswith("StartError this program, /bin/true, has no Python of its own")
    assert done.stdout.endswith("by: fsmond start\n")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_what_is_ignored_in_the_foreground_stays_so(
    repository: Path, number: signal.Signals
) -> None:
    """By `nohup`, and by a shell for what it runs in the background."""
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
def test_too_few_descriptors_are_said_at_the_start(repository: Path, most: int) -> None:
    """A start that succeeds means that the daemon answers, and goes on to."""
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
def test_a_closed_standard_output_is_an_error_in_a_line(repository: Path, command: str) -> None:
    """Git takes the hook's failure for "look at everything", and people see why."""
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
def test_what_goes_wrong_is_never_said_where_answers_are(repository: Path, command: str) -> None:
    """Python prints on standard output what is for a standard error that is closed."""
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


def test_a_daemon_has_what_files_a_program_had_beyond_all_numbers(repository: Path) -> None:
    """Where very many may be open, their numbers are high; one that stays keeps a pipe open."""
    many = 70_000
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < many + 2:
        pytest.skip("needs leave to open many files")
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


def test_a_bad_locale_breaks_no_path(tmp_path: Path) -> None:
    """Who asks may have another one than who started the daemon."""
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

        told = subprocess.run(
            [*FSMOND, "query", "--json", root], env=other, capture_output=True, check=False
        )

        assert told.returncode == 0
        assert status(root)["root"] == str(root)
