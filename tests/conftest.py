"""What every test gets: a check that it leaves no thread, descriptor or process behind."""

import importlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from wine import is_wine

ROOT = Path(__file__).resolve().parents[1]
SETTLE = 5.0  # seconds in which what a test ended may finish ending


def _descriptors() -> set[str]:
    """Return what each open descriptor of this process is."""
    found = set()
    folder = Path("/proc/self/fd")
    for name in os.listdir(folder) if folder.exists() else []:
        try:
            found.add(f"{name} {os.readlink(folder / name)}")
        except OSError:
            continue  # the descriptor with which the folder was listed
    return found


def _children() -> set[str]:
    """Return the processes whose parent is this one."""
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
    """Let the programs that tests start on Windows find what is tested, installed or not."""
    if sys.platform == "win32":
        paths = [str(ROOT), os.environ.get("PYTHONPATH")]
        if is_wine():
            starts = str(ROOT / "tests" / "wine_starts")
            paths.insert(0, starts)
            sys.path.insert(0, starts)
            importlib.import_module("sitecustomize")
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out on Windows what was written for Unix, and has not been brought there."""
    if sys.platform == "win32":
        not_yet = pytest.mark.skip(reason="not brought to Windows yet")
        for item in items:
            of_unix = item.path.parent.name in ("compat", "faults")
            if of_unix and not item.path.name.startswith("test_ipc_"):
                item.add_marker(not_yet)


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fail a test that leaks: the next one would fail in its place."""
    before = set(threading.enumerate()), _descriptors(), _children()
    yield
    limit = time.monotonic() + SETTLE
    while (left := _left_behind(*before)) and time.monotonic() < limit:
        time.sleep(0.01)
    assert not left, f"left behind: {', '.join(left)}"


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep logs, sockets and Git's settings of the tests away from the person's own."""
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        folder = home / name.lower()
        folder.mkdir(mode=0o700)
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("WIN_PD_OVERRIDE_LOCAL_APPDATA", str(home))  # what platformdirs goes by
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
