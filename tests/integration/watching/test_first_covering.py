"""While a tree is covered, directories are watched and listed the short way, if they are usual."""

import os
from pathlib import Path

import pytest
from support.restarts import monitored, token_of, wait_for_another_time

FEW, MANY = 3, 300  # files; a directory with more than 256 names is listed on its own


@pytest.mark.parametrize("files", [FEW, MANY])
@pytest.mark.parametrize("depth", [1, 2, 5])
def test_directories_below_any_directory_are_watched(
    tmp_path: Path, files: int, depth: int
) -> None:
    """Whatever else is in the directories above them."""
    root = tmp_path / "root"
    directory = root
    for number in range(depth):
        directory = directory / f"zz{number}"
        directory.mkdir(parents=True)
        for each in range(files):
            (directory / f"{each}").touch()
    deepest = directory / "zz"
    deepest.mkdir()
    wait_for_another_time(root)

    with monitored(root) as monitor:
        token = token_of(monitor)
        (deepest / "new").touch()
        changes = monitor.query(token)

    path = os.fsencode((deepest / "new").relative_to(root).as_posix())
    assert changes.paths is not None, changes.reason
    assert path in changes.paths
