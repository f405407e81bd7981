"""A daemon that replaces another, and a start with other settings than the running one's."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.running import FSMOND, fsmond, make_repository, no_daemon_left, status, until
from support.systems import unix_only
from support.wine import fails_on_wine

from fsmond.errors import Error


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Make a worktree."""
    root = tmp_path / "root"
    make_repository(root)
    with no_daemon_left(root):
        yield root


def pid_of(root: Path) -> int | None:
    """Return the process ID of the daemon; None between one and the next."""
    try:
        return int(status(root)["pid"])
    except (Error, TimeoutError):
        return None


@contextmanager
def running(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Run the command meanwhile; kill it at the end."""
    with subprocess.Popen([*FSMOND, *arguments], stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@fails_on_wine("takes more than twenty seconds for these starts on a busy machine, version 8.0")
@pytest.mark.parametrize("options", [["--replace"], ["--replace", "--verify-every=7"]])
def test_run_replaces_a_running_daemon(root: Path, options: list[str]) -> None:
    """As a service does, if a hook or `install` has started one."""
    fsmond("start", root)
    before = status(root)["pid"]

    with running("run", *options, root) as process:
        until(lambda: pid_of(root) == process.pid)
        assert fsmond("start", root).returncode == 0
        fsmond("stop", root)
        log = process.communicate(timeout=20)[1]

    assert process.returncode == 0
    assert before != process.pid
    lines = [line.partition(": ")[2] for line in log.splitlines()]
    assert lines.index("another daemon is running: asking it to quit") < lines.index(
        f"watching {root}, process {process.pid}"
    )


def test_run_replaces_another_run(root: Path) -> None:
    """The first one ends with success, as always when it is asked to quit."""
    with running("run", root) as first:
        until(lambda: pid_of(root) == first.pid)
        with running("run", "--replace", root) as second:
            assert first.wait(20) == 0
            until(lambda: pid_of(root) == second.pid)
            fsmond("stop", root)
            second.wait(20)


def test_a_daemon_that_is_refused_logs_nothing(root: Path) -> None:
    """Neither that it watches, nor that it ended."""
    fsmond("start", root)

    done = fsmond("run", root)

    assert done.returncode == 1
    message = "is already watched by another daemon; to replace it: fsmond run --replace"
    assert done.stderr == f"fsmond: {root} {message}\n"


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (["--verify-every=3"], ["--verify-every=0"]),
        ([], ["--verify-every=3"]),
        ([], ["--watch=scan"]),
        (["--watch=scan", "--verify-every=3"], ["--watch=auto", "--verify-every=3"]),
    ],
)
def test_a_start_with_other_settings_is_an_error(
    root: Path, first: list[str], then: list[str]
) -> None:
    """It shows the settings in use, and what to do; the daemon continues."""
    assert fsmond("start", *first, root).returncode == 0
    pid = status(root)["pid"]

    done = fsmond("start", *then, root)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "fsmond stop, then fsmond start " + then[0] in done.stderr
    assert status(root)["pid"] == pid
    assert fsmond("start", *first, root).returncode == 0
    assert fsmond("start", root).returncode == 0


def test_other_settings_in_the_environment_are_reported(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are for later daemons, and may be set permanently: that is no error."""
    fsmond("start", root)
    monkeypatch.setenv("FSMOND_WATCH", "auto")
    assert fsmond("start", root).stderr == ""
    monkeypatch.setenv("FSMOND_WATCH", "scan")

    done = fsmond("start", root)

    advice = "with --watch=auto; to change that: fsmond stop, then fsmond start --watch=scan"
    assert (done.returncode, advice in done.stderr) == (0, True)


@pytest.mark.parametrize("number", ["-1", "many", "1.5", ""])
def test_an_invalid_number_is_bad_usage(root: Path, number: str) -> None:
    """No daemon is started."""
    done = fsmond("start", f"--verify-every={number}", root)

    assert (done.returncode, "not a number of queries" in done.stderr) == (2, True)


@unix_only
@pytest.mark.parametrize("place", ["/proc", "/sys/kernel", "/dev", "/proc/self/task"])
def test_a_pseudo_file_system_is_not_watched(root: Path, place: str) -> None:
    """`core.worktree` may name one; each scan would find thousands of differences."""
    if sys.platform != "linux" or not os.path.isdir(place):
        pytest.skip("there is no such directory")
    (root / ".git" / "config").write_text(f"[core]\n\tworktree = {place}\n")

    for command in ("start", "run", "query"):
        done = fsmond(command, root)

        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "holds no files" in done.stderr
