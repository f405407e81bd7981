"""What is to be disturbed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ipc_tools import echo

import ipc


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """Where an echo is served by one worker, so that whatever holds it up is noticed."""
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
