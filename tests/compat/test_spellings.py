"""Git's hook is told of files as Git's index spells them.

No file system here folds case.  So a directory stands beside the tracked one that differs from it
in case, and what happens in it is what a file system that folds would have reported.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from running import fsmond, git, no_daemon_left

from fsmond.client import Client


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Provide a worktree of which Git believes that it folds case."""
    root = tmp_path / "root"
    (root / "dir").mkdir(parents=True)
    git(root, "init", "--quiet")
    git(root, "config", "core.ignorecase", "true")
    (root / "dir" / "file").write_text("first")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=first")
    (root / "DIR").mkdir()
    with no_daemon_left(root):
        fsmond("start", root)
        yield root


def changed(root: Path, token: str) -> set[bytes]:
    """Return what the hook is told."""
    reply = Client(root, start=False).ask(token.encode())
    return set(reply.split(b"\0")[1:-1])


def test_a_change_by_another_spelling_is_told_by_that_of_the_index(root: Path) -> None:
    """Beside the one that was observed."""
    token = Client(root).query().token
    (root / "DIR" / "FILE").write_text("changed")

    assert changed(root, token) >= {b"DIR/FILE", b"dir/file"}
    assert {b"DIR/FILE", b"dir/file"} <= set(Client(root).query(since=token).paths)


def test_an_index_that_is_added_to_is_known_at_once(root: Path) -> None:
    """It is another file each time."""
    token = Client(root).query().token
    (root / "dir" / "new").write_text("first")
    git(root, "add", "--all")
    (root / "DIR" / "NEW").write_text("changed")

    assert b"dir/new" in changed(root, token)


def test_an_index_that_cannot_be_read_makes_git_look_at_everything(root: Path) -> None:
    """What is not known is not left out."""
    token = Client(root).query().token
    index = root / ".git" / "index"
    kept = index.read_bytes()
    index.write_bytes(kept[:-40])
    (root / "DIR" / "FILE").write_text("changed")

    assert changed(root, token) == {b"/"}
    assert Client(root).query(since=token).reason == "degraded"
    index.write_bytes(kept)
    assert changed(root, token) >= {b"dir/file"}
