"""Who subscribed learns of each change, whoever has taken it in."""

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from support.running import LONG

from fsmond.watchman.trees.tree import SYNC_TIMEOUT, Tree
from fsmond.watchman.watches.following import Followers
from fsmond.watchman.watches.watch import Watch
from fsmond.watchman.wire.values import Value


class Listener:
    """Counts what it is told."""

    def __init__(self) -> None:
        self.changed = threading.Event()

    def note_change(self) -> None:
        self.changed.set()

    def note_failure(self) -> None:
        self.changed.set()

    def note_state(self, fields: Mapping[str, Value]) -> None:
        raise AssertionError(fields)

    def cancel(self) -> None:
        pass


@pytest.fixture
def followers() -> Iterator[Followers]:
    """Provide a thread that follows."""
    found = Followers()
    yield found
    found.close()


def test_what_a_query_has_taken_in_is_told_as_well(root: Path, followers: Followers) -> None:
    """It may come before the tree is followed, and then the daemon reports it no more."""
    tree = Tree(str(root))
    tree.clock()
    watch = Watch(tree, lambda _: None)
    listener = Listener()
    watch.add(listener)
    (root / "a.txt").write_text("changed")
    tree.clock(SYNC_TIMEOUT)

    followers.update(watch)

    assert listener.changed.wait(LONG)
    listener.changed.clear()
    (root / "b.js").write_text("changed")
    assert listener.changed.wait(LONG)
    watch.remove(listener)
    followers.update(watch)


def test_following_nothing_ends(followers: Followers) -> None:
    """Its thread and its descriptors are gone; a second end is harmless."""
    followers.close()
