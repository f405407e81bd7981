"""Writes through hard links that lie outside of the tree: fanotify reports those."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.backends import until_built, watching
from support.running import until

from fsmond.monitor.monitor import Monitor

if sys.platform != "linux":
    pytest.skip("only Linux has fanotify", allow_module_level=True)
assert sys.platform == "linux"  # for the type checker

from fsmond.watching.fanotify.calls import Group


@pytest.fixture(autouse=True)
def _may_mark(tmp_path: Path) -> None:
    group, handle = None, os.open(tmp_path, os.O_RDONLY)
    try:
        group = Group()
        group.mark_file_system(handle)
    except OSError as error:
        pytest.skip(f"needs fanotify's marks of whole file systems, which only root has: {error}")
    finally:
        os.close(handle)
        if group is not None:
            group.close()


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Make a directory beside the tree."""
    folder = tmp_path / "outside"
    folder.mkdir()
    return folder


@pytest.fixture
def monitor(tmp_path: Path, outside: Path) -> Iterator[Monitor]:
    """Watch a tree in which a file has another name outside."""
    root = tmp_path / "root"
    (root / "dir").mkdir(parents=True)
    (root / "dir" / "file").write_text("one")
    (root / "other").write_text("one")
    (outside / "link").hardlink_to(root / "dir" / "file")
    with watching(root, "fanotify") as made:
        until_built(made)
        yield made


def changed(monitor: Monitor, token: bytes) -> set[bytes]:
    """Return the paths that changed since a token."""
    paths = monitor.query(token).paths
    assert paths is not None
    return set(paths)


@pytest.mark.parametrize(
    "change",
    [
        lambda link: link.write_text("two"),
        lambda link: link.chmod(0o600),
        lambda link: link.rename(link.with_name("renamed")),
        lambda link: link.unlink(),
    ],
    ids=["write", "chmod", "rename", "unlink"],
)
def test_a_change_from_outside_is_reported(
    monitor: Monitor, outside: Path, change: Callable[[Path], object]
) -> None:
    """By the file's name in the tree: its content, or its times, are different."""
    token = bytes(monitor.query(None).token)
    (outside / "new").write_text("not a file of the tree")
    assert changed(monitor, token) == set()

    change(outside / "link")

    assert changed(monitor, token) == {b"dir/file"}


def test_it_is_reported_by_the_name_that_the_file_has_now(monitor: Monitor, outside: Path) -> None:
    """Which may be another one than before."""
    root = Path(os.fsdecode(monitor.root))
    (root / "dir" / "file").rename(root / "renamed")
    (root / "second").hardlink_to(root / "renamed")
    token = bytes(monitor.query(None).token)

    (outside / "link").write_text("two")

    assert changed(monitor, token) >= {b"renamed", b"second"}
    token = bytes(monitor.query(None).token)
    os.utime(outside / "link")
    assert changed(monitor, token) >= {b"renamed", b"second"}


def test_many_writes_from_outside_need_no_search(
    monitor: Monitor, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search looks at the whole index; it is for names that are not known."""
    root = Path(os.fsdecode(monitor.root))
    (root / "dir" / "file").rename(root / "renamed")
    monitor.query(None)
    (outside / "link").write_text("the new name is searched for once")
    token = bytes(monitor.query(None).token)

    def search(*_: object) -> None:
        raise AssertionError("searched again")

    monkeypatch.setattr(type(monitor._index), "named", search)
    for number in range(20):
        (outside / "link").write_text(str(number))
        assert changed(monitor, token) == {b"renamed"}
        token = bytes(monitor.query(None).token)


def test_a_link_that_came_from_outside_is_known_at_once(monitor: Monitor, outside: Path) -> None:
    """As soon as an answer has its name."""
    root = Path(os.fsdecode(monitor.root))
    (outside / "stranger").write_text("one")
    token = bytes(monitor.query(None).token)
    (root / "dir" / "linked").hardlink_to(outside / "stranger")
    assert changed(monitor, token) == {b"dir/linked"}
    token = bytes(monitor.query(None).token)

    (outside / "stranger").write_text("two")

    assert changed(monitor, token) == {b"dir/linked"}


def test_who_waits_is_told_of_a_write_from_outside(monitor: Monitor, outside: Path) -> None:
    """Without a query."""
    told: list[None] = []
    monitor.on_change(lambda: told.append(None))

    (outside / "link").write_text("two")

    until(lambda: told)


def test_the_name_in_the_tree_may_be_gone(monitor: Monitor, outside: Path) -> None:
    """Then nothing of the tree changes."""
    root = Path(os.fsdecode(monitor.root))
    (root / "dir" / "file").unlink()
    token = bytes(monitor.query(None).token)

    (outside / "link").write_text("two")

    assert changed(monitor, token) <= {b"dir/file"}
    assert monitor.query(None).reason == "no-token"
