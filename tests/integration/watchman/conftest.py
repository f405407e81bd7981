"""A server for Watchman's clients, and a client that watches a directory."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.running import no_daemon_left
from support.watchman.client import WatchmanClient
from support.watchman.serving import serving

pytest.importorskip("wcmatch", reason="needs fsmond[watchman]")
if sys.platform == "win32":  # the client of these tests needs Unix sockets
    collect_ignore = ["test_command.py", "test_queries.py", "test_subscriptions.py"]


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Make a directory with three files."""
    found = tmp_path / "root"
    (found / "sub").mkdir(parents=True)
    for name in ("a.txt", "b.js", "sub/c.js"):
        (found / name).write_text(name)
    with no_daemon_left(found):
        yield found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Path]:
    """Run a server; the socket's path."""
    with serving(tmp_path) as socket:
        yield socket


@pytest.fixture
def client(server: Path, root: Path, request: pytest.FixtureRequest) -> Iterator[WatchmanClient]:
    """Connect to the server, and have it watch the directory; by BSER 2 unless parametrized."""
    with WatchmanClient(server, getattr(request, "param", 2)) as found:
        found.ask("watch", str(root))
        yield found
        found.ask("watch-del-all")
