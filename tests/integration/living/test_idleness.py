"""A daemon that nobody needs ends, and the next client starts another one."""

import time
from pathlib import Path

import pytest
from support.running import fsmond, git, make_repository, status, until
from support.systems import IS_WINDOWS

from fsmond.client import Client
from fsmond.errors import NotRunningError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a tree that is not watched yet."""
    make_repository(tmp_path)
    (tmp_path / "dir").mkdir()
    return tmp_path


def start(root: Path, seconds: str) -> str:
    """Start a daemon that ends when it is idle for so long; return a token."""
    started = fsmond("start", root, f"--idle-timeout={seconds}")
    assert started.returncode == 0, started.stderr
    until(lambda: status(root)["history"]["stored"])
    return Client(root).query().token


def runs(root: Path) -> bool:
    """Return whether a daemon runs; to ask that is no use of it."""
    try:
        Client(root, start=False).status()
    except NotRunningError:
        return False
    return True


@pytest.fixture
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return another tree."""
    other = tmp_path_factory.mktemp("other")
    make_repository(other)
    return other


def until_another_has_ended(other: Path) -> None:
    """Wait until a daemon that is younger has ended as it was idle, so an older one would have."""
    start(other, "1")
    until(lambda: not runs(other))


def test_an_idle_daemon_ends_and_tokens_stay_good(root: Path) -> None:
    """The next client does not see that it was gone; to look at its status keeps nobody alive."""
    token = start(root, "1")
    until(lambda: not runs(root))
    assert "no client has asked for a while" in fsmond("log", root).stdout
    (root / "dir" / "new").touch()

    answer = Client(root).query(token)

    assert b"dir/new" in (answer.paths or ())
    fsmond("stop", root)


@pytest.mark.parametrize("why", ["asked", "awaited"])
def test_a_daemon_that_is_used_stays(root: Path, why: str) -> None:
    """Asked now and then, or by a client that waits."""
    start(root, "1")
    client, end = Client(root, start=False), time.monotonic() + 2.5
    if why == "awaited":
        assert client.wait(timeout=2.5).is_empty
    while time.monotonic() < end:
        client.query()
        time.sleep(0.1)  # less than the time without a client after which it ends

    assert runs(root)
    fsmond("stop", root)


def test_a_daemon_without_a_history_stays(root: Path, other: Path) -> None:
    """Tokens would end with it."""
    fsmond("start", root, "--idle-timeout=1", "--no-history")
    until_another_has_ended(other)

    assert runs(root)
    fsmond("stop", root)


@pytest.mark.skipif(IS_WINDOWS, reason="needs git")
def test_a_daemon_that_git_asks_itself_stays(tmp_path: Path, other: Path) -> None:
    """Git cannot start fsmond, and would start its own daemon."""
    git(tmp_path, "init", "-q")
    git(tmp_path, "config", "core.fsmonitor", "true")
    start(tmp_path, "1")
    until_another_has_ended(other)

    assert runs(tmp_path)
    fsmond("stop", tmp_path)


@pytest.mark.parametrize("odd", ["-1", "soon", "1.5"])
def test_an_invalid_time_is_an_error(root: Path, odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By option and by variable."""
    assert fsmond("start", root, f"--idle-timeout={odd}").returncode == 2
    monkeypatch.setenv("FSMOND_IDLE_TIMEOUT", odd)
    done = fsmond("start", root)

    assert done.returncode == 1
    assert "FSMOND_IDLE_TIMEOUT" in done.stderr
