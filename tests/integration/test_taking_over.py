"""One daemon in the place of another, and one that is to be otherwise than the one that runs."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from running import FSMOND, fsmond, make_repository, no_daemon_left, status, until
from systems import of_unix
from wine import wine_fails

from fsmond.errors import Error


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Provide a worktree."""
    root = tmp_path / "root"
    make_repository(root)
    with no_daemon_left(root):
        yield root


def pid_of(root: Path) -> int | None:
    """Return the process that watches; None between one and the next."""
    try:
        return int(status(root)["pid"])
    except (Error, TimeoutError):
        return None


@contextmanager
def running(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Run the command meanwhile, and end it whatever happens."""
    with subprocess.Popen([*FSMOND, *arguments], stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@wine_fails("8.0 takes more than twenty seconds for these starts, beside other work")
@pytest.mark.parametrize("options", [["--replace"], ["--replace", "--verify-every=7"]])
def test_run_takes_the_place_of_a_daemon_that_runs(root: Path, options: list[str]) -> None:
    """As a service, beside what `install` or a hook has started."""
    fsmond("start", root)
    before = status(root)["pid"]

    with running("run", *options, root) as process:
        until(lambda: pid_of(root) == process.pid)
        assert fsmond("start", root).returncode == 0
        fsmond("stop", root)
        said = process.communicate(timeout=20)[1]

    assert process.returncode == 0
    assert before != process.pid
    lines = [line.partition(": ")[2] for line in said.splitlines()]
    assert lines.index("another daemon is there: asking it to quit") < lines.index(
        f"watching {root}, process {process.pid}"
    )


def test_run_takes_the_place_of_one_that_runs_like_it(root: Path) -> None:
    """The one before ends as it does when it is asked to quit: with success."""
    with running("run", root) as first:
        until(lambda: pid_of(root) == first.pid)
        with running("run", "--replace", root) as second:
            assert first.wait(20) == 0
            until(lambda: pid_of(root) == second.pid)
            fsmond("stop", root)
            second.wait(20)


def test_what_does_not_watch_does_not_say_that_it_does(root: Path) -> None:
    """Neither that it has ended to."""
    fsmond("start", root)

    done = fsmond("run", root)

    assert done.returncode == 1
    assert done.stderr == f"fsmond: {root} is watched already\n"


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (["--verify-every=3"], ["--verify-every=0"]),
        ([], ["--verify-every=3"]),
        ([], ["--watch=scan"]),
        (["--watch=scan", "--verify-every=3"], ["--watch=auto", "--verify-every=3"]),
    ],
)
def test_a_daemon_that_is_not_as_it_was_asked_for_is_a_failure(
    root: Path, first: list[str], then: list[str]
) -> None:
    """It is said how it is, and what to do; and it goes on."""
    assert fsmond("start", *first, root).returncode == 0
    pid = status(root)["pid"]

    done = fsmond("start", *then, root)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "fsmond stop, and then fsmond start " + then[0] in done.stderr
    assert status(root)["pid"] == pid
    assert fsmond("start", *first, root).returncode == 0
    assert fsmond("start", root).returncode == 0


def test_what_only_the_environment_says_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is for daemons that others start, and may be set for good: that is no failure."""
    fsmond("start", root)
    monkeypatch.setenv("FSMOND_WATCH", "auto")
    assert fsmond("start", root).stderr == ""
    monkeypatch.setenv("FSMOND_WATCH", "scan")

    done = fsmond("start", root)

    assert (done.returncode, "with --watch=auto; for --watch=scan" in done.stderr) == (0, True)


@pytest.mark.parametrize("number", ["-1", "many", "1.5", ""])
def test_a_number_that_is_none_is_bad_usage(root: Path, number: str) -> None:
    """And no daemon is started."""
    done = fsmond("start", f"--verify-every={number}", root)

    assert (done.returncode, "no number of queries" in done.stderr) == (2, True)


@of_unix
@pytest.mark.parametrize("place", ["/proc", "/sys/kernel", "/dev", "/proc/self/task"])
def test_what_the_system_shows_of_itself_is_not_watched(root: Path, place: str) -> None:
    """A repository may name it; there are thousands of differences at each look."""
    if sys.platform != "linux" or not os.path.isdir(place):
        pytest.skip("there is no such place")
    (root / ".git" / "config").write_text(f"[core]\n\tworktree = {place}\n")

    for command in ("start", "run", "query"):
        done = fsmond(command, root)

        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "holds no files" in done.stderr
