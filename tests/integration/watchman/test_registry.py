"""What is watched is stored, whatever happens at the same time."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.running import fsmond

from fsmond.watchman.watches.registry import Registry


@pytest.fixture
def trees(tmp_path: Path) -> Iterator[list[Path]]:
    """Make three directories."""
    found = [tmp_path / name for name in "abc"]
    for each in found:
        each.mkdir()
    yield found
    for each in found:
        fsmond("stop", each)


def stored(file: Path) -> list[str]:
    """Return the directories that would be watched again."""
    return sorted(each["path"] for each in json.loads(file.read_text())["watched"])


def test_what_was_not_watched_again_yet_stays_stored(tmp_path: Path, trees: list[Path]) -> None:
    """A client may come first; if the server is killed then, nothing is forgotten."""
    file = tmp_path / "state"
    first, second, third = map(str, trees)
    file.write_text(json.dumps({"watched": [{"path": first}, {"path": second}]}))
    registry = Registry(str(file))

    registry.watch(third)
    assert stored(file) == [first, second, third]

    registry.restore()
    assert sorted(registry.roots()) == stored(file) == [first, second, third]
    registry.close()


def test_a_directory_that_is_gone_is_not_stored_again(tmp_path: Path, trees: list[Path]) -> None:
    """It cannot be watched."""
    file = tmp_path / "state"
    file.write_text(json.dumps({"watched": [{"path": "/no/such"}, {"path": str(trees[0])}, {}, 5]}))
    registry = Registry(str(file))

    registry.restore()

    assert stored(file) == [str(trees[0])]
    registry.close()


def test_nothing_is_kept_of_what_is_watched_no_longer(tmp_path: Path, trees: list[Path]) -> None:
    """Else the folder would grow with each directory that was ever watched."""
    registry = Registry(str(tmp_path / "state"))
    for each in trees:
        registry.watch(str(each))
    registry.close()
    assert len(list((tmp_path / "state.trees").iterdir())) == len(trees)

    registry = Registry(str(tmp_path / "state"))
    registry.restore()
    registry.delete(str(trees[0]))
    registry.close()

    assert len(list((tmp_path / "state.trees").iterdir())) == len(trees) - 1
