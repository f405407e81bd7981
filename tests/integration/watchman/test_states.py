"""A state decides what is told, whenever it is left."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from fsmond.watchman.query.hashes import Hashes
from fsmond.watchman.query.run import Result, run
from fsmond.watchman.trees.tree import SYNC_TIMEOUT, Tree
from fsmond.watchman.watches import subscriptions
from fsmond.watchman.watches.subscriptions import Subscription
from fsmond.watchman.watches.watch import Watch
from fsmond.watchman.wire.framing import JSON
from fsmond.watchman.wire.values import Value

HASHES = Hashes()
OWNER = object()


class Sender:
    """Sends when the test says so."""

    def wake(self) -> None:
        pass


class Eager:
    """A listener that hears of a state first, and has another one's messages made then."""

    def __init__(self) -> None:
        self.call: Callable[[], object] = lambda: None

    def note_change(self) -> None:
        pass

    def note_failure(self) -> None:
        pass

    def note_state(self, fields: Mapping[str, Value]) -> None:  # noqa: ARG002 - as Listener's
        self.call()

    def cancel(self) -> None:
        pass


@pytest.fixture
def watch(root: Path) -> Iterator[Watch]:
    """Watch the directory."""
    found = Watch(Tree(str(root)), lambda _: None)
    found.tree.clock(SYNC_TIMEOUT)
    yield found
    found.tree.forget()


def subscribed(watch: Watch, **options: Value) -> Subscription:
    """Subscribe to all files; the first messages are made."""
    found = Subscription("s", watch, {"fields": ["name"], **options}, JSON, Sender())
    found.messages(HASHES)
    return found


def names(messages: list[dict[str, Value]]) -> list[object]:
    """Return the files that messages tell of."""
    found: list[object] = []
    for each in messages:
        files = each.get("files", [])
        assert isinstance(files, list)
        found += files
    return found


def enter(watch: Watch) -> None:
    """Assert the state."""
    watch.enter("busy", OWNER, {"clock": watch.tree.clock(SYNC_TIMEOUT)})


def leave(watch: Watch) -> None:
    """End it."""
    watch.leave("busy", OWNER, {"clock": watch.tree.clock(SYNC_TIMEOUT)})


@pytest.mark.parametrize("holds", ["drop", "defer"])
def test_it_is_there_until_all_know_that_it_ends(watch: Watch, root: Path, holds: str) -> None:
    """Else somebody could tell what is to be dropped, before hearing of the end."""
    eager, told = Eager(), list[object]()
    watch.add(eager)
    subscription = subscribed(watch, **{holds: ["busy"]})
    watch.add(subscription)
    enter(watch)
    (root / "a.txt").write_text("changed")
    watch.tree.clock(SYNC_TIMEOUT)
    subscription.note_change()
    eager.call = lambda: told.extend(names(subscription.messages(HASHES)))

    leave(watch)
    (root / "b.js").write_text("changed")
    subscription.note_failure()
    after = names(subscription.messages(HASHES))

    assert told == []
    assert set(after) == ({b"b.js"} if holds == "drop" else {b"a.txt", b"b.js"})


def test_what_is_dropped_while_changes_are_looked_up_is_not_told(
    watch: Watch, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state is entered and left meanwhile."""
    subscription = subscribed(watch, drop=["busy"])
    watch.add(subscription)
    looks: list[Result] = []

    def run_and_leave(*arguments: Any) -> Result:
        if not looks:
            enter(watch)
            (root / "a.txt").write_text("changed")
            watch.tree.clock(SYNC_TIMEOUT)
        looks.append(run(*arguments))
        if len(looks) == 1:
            leave(watch)
        return looks[-1]

    monkeypatch.setattr(subscriptions, "run", run_and_leave)
    subscription.note_change()

    messages = subscription.messages(HASHES)

    assert [*filter(None, (each.get("state-leave") for each in messages))] == ["busy"]
    assert names(messages) == []
    assert looks[0].size == 1
