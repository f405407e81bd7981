"""The hook reports files as Git's index spells them.

The file systems here are case-sensitive.  So the tests use a second directory whose name differs
from the tracked one in case: changes in it are reported as on a case-insensitive file system.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.running import fsmond, git, no_daemon_left

from fsmond.client import Client


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Provide a worktree that Git takes for case-insensitive."""
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
    """Return the paths that the hook gets."""
    reply = Client(root, start=False).ask(token.encode())
    return set(reply.split(b"\0")[1:-1])


def test_a_change_by_another_spelling_is_reported_by_that_of_the_index(root: Path) -> None:
    """And by the observed one."""
    token = Client(root).query().token
    (root / "DIR" / "FILE").write_text("changed")

    assert changed(root, token) >= {b"DIR/FILE", b"dir/file"}
    assert {b"DIR/FILE", b"dir/file"} <= set(Client(root).query(since=token).paths or ())


def test_a_new_index_is_read_at_once(root: Path) -> None:
    """Git replaces the file each time."""
    token = Client(root).query().token
    (root / "dir" / "new").write_text("first")
    git(root, "add", "--all")
    (root / "DIR" / "NEW").write_text("changed")

    assert b"dir/new" in changed(root, token)


def test_an_index_that_cannot_be_read_makes_git_scan_everything(root: Path) -> None:
    """An unknown spelling must not be left out."""
    token = Client(root).query().token
    index = root / ".git" / "index"
    kept = index.read_bytes()
    index.write_bytes(kept[:-40])
    (root / "DIR" / "FILE").write_text("changed")

    assert changed(root, token) == {b"/"}
    assert Client(root).query(since=token).reason == "degraded"
    index.write_bytes(kept)
    assert changed(root, token) >= {b"dir/file"}
