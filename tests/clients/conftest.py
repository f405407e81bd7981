"""Real clients of Watchman, and a server for them.

FSMOND_CLIENTS_CACHE names a folder in which the installed clients are kept; without it, each
process of pytest installs what it needs.  FSMOND_CLIENTS_SERVER names a program of Watchman to use
as the server, such as /usr/bin/watchman, instead of fsmond.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.clients.driving import Environment, none_left_running, run
from support.clients.installing import Clients
from support.clients.serving import fsmond_serving, watchman_serving
from support.systems import IS_WINDOWS

CACHE = os.environ.get("FSMOND_CLIENTS_CACHE")
SERVER = os.environ.get("FSMOND_CLIENTS_SERVER")


@pytest.fixture(scope="session")
def clients() -> Iterator[Clients]:
    """Provide what installs clients, once per session."""
    _skip_on_windows()
    if CACHE:
        folder = Path(CACHE).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        yield Clients(folder, dict(os.environ))
    else:
        with tempfile.TemporaryDirectory(prefix="fsmond-clients-") as temporary:
            yield Clients(Path(temporary), dict(os.environ))


@pytest.fixture
def watchman(monkeypatch: pytest.MonkeyPatch) -> Iterator[Environment]:
    """Provide an environment in which clients find a running server."""
    _skip_on_windows()
    monkeypatch.delenv("WATCHMAN_SOCK", raising=False)
    with _serving() as env:
        mark = f"FSMOND_TEST_SERVER={env['WATCHMAN_SOCK']}"
        with none_left_running(mark):
            yield env | dict([mark.split("=", 1)])


@pytest.fixture
def suffix_set(watchman: Environment) -> None:
    """Fail a test of a client that requires `suffix-set`; skip it if the server is Watchman 4.9."""
    listed = run(["watchman", "list-capabilities"], cwd=Path("/"), env=watchman)
    if SERVER and "suffix-set" not in json.loads(listed)["capabilities"]:
        pytest.skip(f"{SERVER} lacks suffix-set")
    assert "suffix-set" in json.loads(listed)["capabilities"]


def _skip_on_windows() -> None:
    if IS_WINDOWS:
        pytest.skip("not ported to Windows: there, clients expect a named pipe")


@contextmanager
def _serving() -> Iterator[Environment]:
    if not SERVER:
        with fsmond_serving() as env:
            yield env
        return
    with (
        tempfile.TemporaryDirectory(prefix="fsmond-watchman-") as folder,  # a socket's is short
        watchman_serving(SERVER, Path(folder)) as env,
    ):
        yield env


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Provide an empty directory for clients to watch; its path has no symbolic links."""
    tree = tmp_path.resolve() / "tree"
    tree.mkdir()
    return tree
