"""Find a tree's root and its daemon's socket."""

import hashlib
import os
from pathlib import Path

import pytest
from support.systems import IS_WINDOWS, needs_links, needs_names_of_any_bytes, unix_only

from fsmond import folders
from fsmond.errors import PathError
from fsmond.rendezvous import name_of, place_of


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    """Return a directory that counts as a worktree."""
    root = tmp_path / "tree"
    (root / ".git").mkdir(parents=True)
    (root / ".git" / "HEAD").touch()
    return root


def test_the_socket_of_a_worktree_is_where_git_looks(worktree: Path) -> None:
    """Git's client finds fsmond there, and fsmond's client finds Git's own daemon."""
    place = place_of(worktree)

    assert place.root == bytes(worktree)
    assert place.socket == bytes(worktree / ".git" / "fsmonitor--daemon.ipc")
    assert place.worktree is not None
    assert place.worktree.gitdir == bytes(worktree / ".git")


def test_a_path_stands_for_the_worktree_that_contains_it(worktree: Path) -> None:
    """A tree has one daemon, whatever the current directory is."""
    below = worktree / "a" / "b"
    below.mkdir(parents=True)

    assert place_of(below).socket == place_of(worktree).socket


@needs_links
def test_a_symbolic_link_stands_for_its_target(worktree: Path, tmp_path: Path) -> None:
    """Two names of a tree must not make two daemons."""
    (tmp_path / "link").symlink_to(worktree)

    place = place_of(tmp_path / "link")

    assert place.root == bytes(worktree)
    assert place.socket == place_of(worktree).socket


@pytest.mark.parametrize("kind", [str, bytes, Path])
def test_a_path_may_have_any_type_of_a_path(worktree: Path, kind: type) -> None:
    """As everywhere in Python."""
    path = os.fsencode(worktree) if kind is bytes else kind(worktree)

    assert place_of(path).root == bytes(worktree)


def test_a_path_may_be_relative(worktree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default is the current directory."""
    monkeypatch.chdir(worktree.parent)

    assert place_of("tree").root == place_of("./tree/../tree/").root == bytes(worktree)


def test_the_name_for_a_directory_is_a_hash_of_its_path(tmp_path: Path) -> None:
    """Whichever module it comes from: a newer Python finds what an older one has stored."""
    path = os.path.normcase(os.fsencode(tmp_path))

    assert name_of(os.fsencode(tmp_path)) == hashlib.sha256(path).hexdigest()[:32]


@needs_names_of_any_bytes
def test_a_path_need_not_be_text(tmp_path: Path) -> None:
    """Old trees have names in old encodings."""
    path = bytes(tmp_path) + b"/caf\xe9"
    os.mkdir(path)

    assert place_of(path).root == path
    assert place_of(os.fsdecode(path)).root == path


def test_the_socket_of_any_other_directory_is_in_the_users_folder(tmp_path: Path) -> None:
    """The daemon must not write to a directory that it only watches."""
    place = place_of(tmp_path)

    assert place.root == bytes(tmp_path)
    assert place.worktree is None
    socket = Path(os.fsdecode(place.socket))
    assert socket.parent == Path(folders.runtime_folders()[0])
    assert socket.suffix == ".ipc"


def test_each_directory_has_one_name_of_its_own(tmp_path: Path) -> None:
    """Also if paths differ in one byte, or have the maximum length."""
    names = {name_of(path) for path in (b"/a", b"/b", b"/a/", b"/" + b"x" * 4000, bytes(tmp_path))}

    assert len(names) == 5
    assert name_of(b"/a") == name_of(b"/a")
    assert all(name.isalnum() and len(name) <= 32 for name in names)


@pytest.mark.parametrize("kind", [str, bytes])
def test_a_message_does_not_show_a_path_as_pythons_bytes(tmp_path: Path, kind: type) -> None:
    """People do not write paths like that."""
    path = tmp_path / "gone"

    with pytest.raises(PathError) as caught:
        place_of(os.fsencode(path) if kind is bytes else str(path))

    assert str(caught.value) == f"{path}: no such directory"


def test_a_missing_path_is_an_error_that_says_so(tmp_path: Path) -> None:
    """The message is what the command line prints."""
    with pytest.raises(PathError, match="gone: no such directory"):
        place_of(tmp_path / "gone")


def test_a_file_is_not_a_tree(tmp_path: Path) -> None:
    """The message says what to use instead."""
    (tmp_path / "file").touch()

    with pytest.raises(
        PathError, match="file: not a directory; name the directory that contains it"
    ):
        place_of(tmp_path / "file")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="may enter anything")
def test_a_directory_that_cannot_be_entered_is_an_error(tmp_path: Path) -> None:
    """It cannot be watched either."""
    (tmp_path / "closed").mkdir(mode=0)

    with pytest.raises(PathError, match="no permission"):
        place_of(tmp_path / "closed")


def test_a_link_to_itself_is_an_error(tmp_path: Path) -> None:
    """For all errors about a path, callers catch one class."""
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(PathError):
        place_of(tmp_path / "loop")


@pytest.mark.skipif(IS_WINDOWS, reason="Windows does not remove a current directory")
def test_a_removed_current_directory_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People remove a worktree in another window."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    with pytest.raises(PathError):
        place_of(".")


# Shows a defect: ValueError was raised.
@pytest.mark.parametrize("path", ["a\0b", b"a\0b", "\ud800"])
def test_an_invalid_path_is_an_error(path: str | bytes) -> None:
    """`Client` promises PathError for any path."""
    with pytest.raises(PathError):
        place_of(path)


@unix_only
@pytest.mark.parametrize("value", [None, "", "relative", "/no/such/directory", "own"])
def test_the_place_does_not_depend_on_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    """A daemon that was started in a terminal gets queries from `cron`, or after `su`."""
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    expected = place_of(tmp_path).socket
    (tmp_path / "own").mkdir(mode=0o700)

    if value is not None:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / value) if value == "own" else value)

    assert place_of(tmp_path).socket == expected


@unix_only
def test_an_existing_socket_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login creates the user's folder, when a running daemon may have its socket elsewhere."""
    first, second = (str(tmp_path / name) for name in ("login", "before"))
    monkeypatch.setattr(folders, "runtime_folders", lambda: [first, second])
    assert place_of(tmp_path).socket.startswith(os.fsencode(first))
    os.mkdir(second)
    there = Path(second, os.path.basename(os.fsdecode(place_of(tmp_path).socket)))

    there.touch()

    assert place_of(tmp_path).socket == bytes(there)
