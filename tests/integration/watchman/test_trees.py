"""What a tree answers where its daemon is in the way, or knows more."""

from pathlib import Path

import pytest
from support.running import until
from support.wine import needs_events

from fsmond.client import Client
from fsmond.watchman.errors import CommandError
from fsmond.watchman.trees.clocks import Since
from fsmond.watchman.trees.tree import SYNC_TIMEOUT, Tree


def test_the_daemon_of_git_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers queries as well, but its tokens mean something else."""
    monkeypatch.setattr(Client, "changes", lambda *_: b"builtin:0.1.2:3\0/\0")

    with pytest.raises(CommandError, match=r"git's own daemon.*fsmond start --replace"):
        Tree(str(root)).clock(SYNC_TIMEOUT)


@needs_events
def test_what_came_after_the_last_look_is_not_said_to_be_gone(root: Path) -> None:
    """A clock that is older than what is remembered is answered by the daemon, which knows more."""
    token = Client(root).query().token
    (root / "a.txt").write_text("changed")
    tree = Tree(str(root))
    tree.clock(SYNC_TIMEOUT)
    (root / "new").touch()

    look = tree.look(Since(token), None, lambda _: None)

    assert not look.is_fresh
    assert {entry.path: entry.exists for entry in look.entries} == {b"a.txt": True}
    found = tree.look(Since(tree.token), SYNC_TIMEOUT, lambda _: None)
    assert [entry.path for entry in found.entries] == [b"new"]


@needs_events
def test_what_is_gone_is_reported_since_an_older_clock(root: Path) -> None:
    """Although nothing is remembered of it."""
    client = Client(root)
    token = client.query().token
    until(lambda: client.status().state == "ready")
    (root / "b.js").unlink()
    tree = Tree(str(root))

    look = tree.look(Since(token), SYNC_TIMEOUT, lambda _: None)

    assert [(entry.path, entry.exists) for entry in look.entries] == [(b"b.js", False)]
