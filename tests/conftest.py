"""Fixtures of every test; one checks that it leaves no thread, descriptor or process behind."""

import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.wine import is_wine

ROOT = Path(__file__).resolve().parents[1]
SETTLE = 5.0  # seconds that threads and processes of a test have to end


def _descriptors() -> set[str]:
    """Return the open descriptors of this process, with their files."""
    found = set()
    folder = Path("/proc/self/fd")
    for name in os.listdir(folder) if folder.exists() else []:
        try:
            found.add(f"{name} {os.readlink(folder / name)}")
        except OSError:
            continue  # the descriptor that listed the folder
    return found


def _children() -> set[str]:
    """Return the child processes of this process."""
    try:
        return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
    except OSError:
        return set()


def _left_behind(
    threads: set[threading.Thread], descriptors: set[str], children: set[str]
) -> list[str]:
    return [
        *(f"thread {thread.name}" for thread in set(threading.enumerate()) - threads),
        *(f"descriptor {each}" for each in _descriptors() - descriptors),
        *(f"process {each}" for each in _children() - children),
    ]


def pytest_configure() -> None:
    """Give the programs that tests start what they expect, whatever started the tests.

    A background job of a shell ignores SIGINT, and so would its children.  On Windows the programs
    have to find the checkout, installed or not.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.platform == "win32":
        paths = [str(ROOT), os.environ.get("PYTHONPATH")]
        if is_wine():
            starts = str(ROOT / "tests" / "wine_starts")
            paths.insert(0, starts)
            sys.path.insert(0, starts)
            importlib.import_module("sitecustomize")
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests on Windows that have not been ported from Unix."""
    if sys.platform == "win32":
        not_ported = pytest.mark.skip(reason="not ported to Windows yet")
        for item in items:
            if item.path.parent.name in ("compat", "faults"):
                item.add_marker(not_ported)


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fail a test that leaks; otherwise the next test would fail instead."""
    before = set(threading.enumerate()), _descriptors(), _children()
    yield
    limit = time.monotonic() + SETTLE
    while (left := _left_behind(*before)) and time.monotonic() < limit:
        time.sleep(0.01)
    assert not left, f"left behind: {', '.join(left)}"


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep logs, sockets and Git's settings of the tests apart from the user's."""
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        folder = home / name.lower()
        folder.mkdir(mode=0o700)
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("WIN_PD_OVERRIDE_LOCAL_APPDATA", str(home))  # platformdirs uses it
    monkeypatch.setenv("HOME", str(home))
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    settings = home / "gitconfig"
    settings.write_text(
        "[user]\n\tname = A U Thor\n\temail = author@example.com\n"
        '[init]\n\tdefaultBranch = main\n[protocol "file"]\n\tallow = always\n'
        "[core]\n\tautocrlf = false\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    if sys.platform != "win32":
        monkeypatch.setenv("LC_ALL", "C.UTF-8")
