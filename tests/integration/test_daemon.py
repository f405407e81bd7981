"""A daemon's life, as the person who starts it sees it."""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.running import (
    FSMOND,
    LONG,
    fsmond,
    git,
    is_served,
    no_daemon_left,
    remove,
    status,
    until,
)
from support.systems import IS_WINDOWS, needs_modes

from fsmond.client import Client
from fsmond.errors import NotRunningError
from fsmond.process.alive import is_running

OTHER_TEST = "test_windows.py has the test for Windows"
unix_only = pytest.mark.skipif(IS_WINDOWS, reason=OTHER_TEST)
PARTS = ("root", "git directory", *(() if IS_WINDOWS else ("socket",)))


def test_start_returns_when_the_daemon_answers(repository: Path) -> None:
    """The next client need not wait."""
    done = fsmond("start", repository)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert is_served(repository)


def test_start_is_harmless_when_repeated(watched: Path) -> None:
    """The daemon is already running."""
    pid = status(watched)["pid"]

    assert fsmond("start", watched).returncode == 0
    assert status(watched)["pid"] == pid


def test_run_refuses_to_be_a_second_daemon(watched: Path) -> None:
    """A tree has one history."""
    done = fsmond("run", watched)

    assert done.returncode == 1
    assert "already watched" in done.stderr


def test_of_many_clients_at_once_one_starts_a_daemon(repository: Path) -> None:
    """As when an editor and a build start together."""
    with ThreadPoolExecutor(12) as pool:
        done = list(pool.map(lambda _: fsmond("query", "--json", repository), range(12)))

    assert [each.returncode for each in done] == [0] * 12, [each.stderr for each in done]
    sessions = {json.loads(each.stdout)["token"].split(":")[1] for each in done}
    assert len(sessions) == 1


def test_a_daemon_keeps_nothing_of_its_parent(repository: Path) -> None:
    """A pipe that stays open makes a shell wait for ever; a directory cannot be unmounted."""
    if sys.platform == "win32":
        pytest.skip(OTHER_TEST)
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    subprocess.run(
        [*FSMOND, "start", "."], cwd=repository, close_fds=False, check=True, timeout=LONG
    )
    os.close(writer)
    process = Path("/proc", str(status(repository)["pid"]))

    assert os.read(reader, 1) == b""
    os.close(reader)
    assert os.readlink(process / "cwd") == "/"
    assert {os.readlink(process / "fd" / number) for number in "012"} == {"/dev/null"}
    assert os.getsid(int(process.name)) != os.getsid(0)


def test_status_names_its_log(watched: Path) -> None:
    """It is where people look first when something is wrong."""
    log = Path(status(watched)["log"])

    assert f"watching {watched}" in log.read_text()


def test_stop_returns_when_the_daemon_is_gone(watched: Path) -> None:
    """Its socket, too: one that stays costs the next git a second."""
    pid = status(watched)["pid"]

    done = fsmond("stop", watched)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not is_running(pid)
    assert not (watched / ".git" / "fsmonitor--daemon.ipc").exists()


def test_stop_succeeds_when_no_daemon_runs(repository: Path) -> None:
    """There is nothing to stop."""
    assert fsmond("stop", repository).returncode == 0


def test_status_shows_whether_a_daemon_runs(repository: Path) -> None:
    """By its exit status, for scripts."""
    assert fsmond("status", repository).returncode == 1
    assert fsmond("status", "--json", repository).returncode == 1
    fsmond("start", repository)

    done = fsmond("status", "--json", repository)

    fields = json.loads(done.stdout)
    assert done.returncode == 0
    assert fields["root"] == str(repository)
    assert fields["directories"] == 3
    assert sum(fields["coverage"].values()) == 3
    assert set(fields) >= {
        *("root", "pid", "socket", "log", "version", "uptime_seconds", "session"),
        *("directories", "coverage", "events", "queries", "resyncs", "last_error"),
    }
    assert str(repository) in fsmond("status", repository).stdout


@unix_only
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(watched: Path, number: signal.Signals) -> None:
    """Its socket is removed."""
    pid = status(watched)["pid"]

    os.kill(pid, number)

    until(lambda: not is_running(pid))
    assert not (watched / ".git" / "fsmonitor--daemon.ipc").exists()


@unix_only
def test_run_stays_in_the_foreground(repository: Path) -> None:
    """For service managers, and to see the log; a clean stop is success."""
    with subprocess.Popen([*FSMOND, "run", repository], stderr=subprocess.PIPE) as process:
        until(lambda: is_served(repository))
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=LONG)

    assert process.returncode == 0
    assert b"ended by signal SIGINT" in log


def test_after_a_kill_the_next_start_succeeds(watched: Path) -> None:
    """Although the socket of the killed daemon is still there."""
    pid = status(watched)["pid"]
    os.kill(pid, 9)
    until(lambda: not is_running(pid))

    assert fsmond("start", watched).returncode == 0
    assert status(watched)["pid"] != pid


@pytest.mark.parametrize("what", PARTS)
@pytest.mark.parametrize("how", ["removed", "moved"])
def test_it_ends_when_there_is_nothing_to_watch(
    watched: Path, tmp_path: Path, what: str, how: str
) -> None:
    """No client can reach it any longer; it must not stay for ever."""
    git_directory = watched / ".git"
    path = {
        "root": watched,
        "git directory": git_directory,
        "socket": git_directory / "fsmonitor--daemon.ipc",
    }[what]
    pid = status(watched)["pid"]

    if how == "moved":
        path.rename(tmp_path / "elsewhere")
    elif what == "socket":
        path.unlink()
    else:
        remove(path)

    until(lambda: not is_running(pid))


def test_it_ends_when_its_socket_is_taken(watched: Path) -> None:
    """Another server owns the path now, and its socket must stay."""
    if sys.platform == "win32":
        pytest.skip(OTHER_TEST)
    from support import raw_unix

    pid = status(watched)["pid"]
    path = watched / ".git" / "fsmonitor--daemon.ipc"
    with raw_unix.bound(path.with_suffix(".new")) as thief:
        thief.listen()
        path.with_suffix(".new").rename(path)

        until(lambda: not is_running(pid))
        assert path.exists()
    path.unlink()


def test_a_directory_without_git_is_watched_as_well(tmp_path: Path) -> None:
    """Git is not the only client."""
    tree = tmp_path / "tree"
    (tree / "sub").mkdir(parents=True)
    with no_daemon_left(tree):
        token = Client(tree).query().token
        (tree / "sub" / "new").touch()

        answer = Client(tree / "sub" / "..").query(token)

        assert set(answer.paths or ()) - {b"sub/"} == {b"sub/new"}  # a scan reports that, too
        assert list(tree.iterdir()) == [tree / "sub"]


@needs_modes
def test_a_repository_that_a_group_shares_is_watched(repository: Path) -> None:
    """As with `core.sharedRepository`; those who may write there control it anyway."""
    (repository / ".git").chmod(0o2777)

    assert fsmond("start", repository).returncode == 0


def test_a_linked_worktree_has_a_daemon_of_its_own(watched: Path) -> None:
    """Its git directory is not the repository's, and neither is its socket."""
    linked = watched.parent / "linked"
    git(watched, "worktree", "add", "--quiet", str(linked))
    with no_daemon_left(linked):
        token = Client(linked).query().token
        (linked / "new").touch()

        assert Client(linked).query(token).paths == [b"new"]
        assert status(linked)["pid"] != status(watched)["pid"]
        assert Path(status(linked)["socket"]).parent.parent.name == "worktrees"


def test_with_no_start_it_is_an_error_if_no_daemon_runs(repository: Path) -> None:
    """Scripts that must not start one recognize it by the exit status."""
    done = fsmond("query", "--no-start", repository)

    assert done.returncode == 3
    assert "fsmond start" in done.stderr
    with pytest.raises(NotRunningError):
        Client(repository, start=False).query()
