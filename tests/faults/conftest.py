"""The servers and trees that the tests disturb."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.ipc_tools import echo

import ipc


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """Serve an echo with one worker, so that a test notices when it is blocked."""
    options = ipc.ServerOptions(nr_threads=1, max_threads=2, max_request=100_000)
    with ipc.Server(tmp_path / "s", echo, options):
        yield tmp_path / "s"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a tree with a few directories."""
    tree = tmp_path / "tree"
    for number in range(10):
        (tree / str(number)).mkdir(parents=True)
    return tree
