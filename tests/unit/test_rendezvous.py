"""Where a tree's daemon is met."""

import os
from pathlib import Path

import pytest
from systems import IS_WINDOWS, needs_links, needs_names_of_any_bytes, of_unix

from fsmond import folders
from fsmond.errors import PathError
from fsmond.rendezvous import name_of, place_of


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    """Return a directory that passes for a worktree."""
    root = tmp_path / "tree"
    (root / ".git").mkdir(parents=True)
    (root / ".git" / "HEAD").touch()
    return root


def test_a_worktree_is_met_at_the_place_where_git_looks(worktree: Path) -> None:
    """Git's client finds fsmond there, and fsmond's client Git's own daemon."""
    place = place_of(worktree)

    assert place.root == bytes(worktree)
    assert place.socket == bytes(worktree / ".git" / "fsmonitor--daemon.ipc")
    assert place.worktree is not None
    assert place.worktree.gitdir == bytes(worktree / ".git")


def test_a_path_means_the_worktree_that_holds_it(worktree: Path) -> None:
    """There is one daemon for a tree, whatever directory people stand in."""
    below = worktree / "a" / "b"
    below.mkdir(parents=True)

    assert place_of(below).socket == place_of(worktree).socket


@needs_links
def test_a_symbolic_link_means_where_it_leads(worktree: Path, tmp_path: Path) -> None:
    """Two names of a tree must not make two daemons."""
    (tmp_path / "link").symlink_to(worktree)

    place = place_of(tmp_path / "link")

    assert place.root == bytes(worktree)
    assert place.socket == place_of(worktree).socket


@pytest.mark.parametrize("kind", [str, bytes, Path])
def test_a_path_may_be_of_any_kind_that_means_one(worktree: Path, kind: type) -> None:
    """As everywhere in Python."""
    path = os.fsencode(worktree) if kind is bytes else kind(worktree)

    assert place_of(path).root == bytes(worktree)


def test_a_path_may_be_relative(worktree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default is the current directory."""
    monkeypatch.chdir(worktree.parent)

    assert place_of("tree").root == place_of("./tree/../tree/").root == bytes(worktree)


@needs_names_of_any_bytes
def test_a_path_may_be_no_text(tmp_path: Path) -> None:
    """Old trees have names in old encodings."""
    path = bytes(tmp_path) + b"/caf\xe9"
    os.mkdir(path)

    assert place_of(path).root == path
    assert place_of(os.fsdecode(path)).root == path


def test_any_other_directory_is_met_in_the_users_own_folder(tmp_path: Path) -> None:
    """Nothing may be written into a directory that is only watched."""
    place = place_of(tmp_path)

    assert place.root == bytes(tmp_path)
    assert place.worktree is None
    socket = Path(os.fsdecode(place.socket))
    assert socket.parent == Path(folders.runtime_folders()[0])
    assert socket.suffix == ".ipc"


def test_each_directory_has_one_name_of_its_own(tmp_path: Path) -> None:
    """Also those whose paths differ in one byte, or are as long as can be."""
    names = {name_of(path) for path in (b"/a", b"/b", b"/a/", b"/" + b"x" * 4000, bytes(tmp_path))}

    assert len(names) == 5
    assert name_of(b"/a") == name_of(b"/a")
    assert all(name.isalnum() and len(name) <= 32 for name in names)


@pytest.mark.parametrize("kind", [str, bytes])
def test_a_message_has_no_bytes_of_pythons(tmp_path: Path, kind: type) -> None:
    """People do not write paths like that."""
    path = tmp_path / "gone"

    with pytest.raises(PathError) as caught:
        place_of(os.fsencode(path) if kind is bytes else str(path))

    assert str(caught.value) == f"{path}: no such directory"


def test_a_path_that_does_not_exist_is_an_error_that_says_so(tmp_path: Path) -> None:
    """The message is what the command line prints."""
    with pytest.raises(PathError, match="gone: no such directory"):
        place_of(tmp_path / "gone")


def test_a_file_is_no_tree(tmp_path: Path) -> None:
    """The message says what to name instead."""
    (tmp_path / "file").touch()

    with pytest.raises(PathError, match="file: not a directory; name the one that holds it"):
        place_of(tmp_path / "file")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="may enter anything")
def test_a_directory_that_cannot_be_entered_is_an_error(tmp_path: Path) -> None:
    """It can't be watched either."""
    (tmp_path / "closed").mkdir(mode=0)

    with pytest.raises(PathError, match="no permission"):
        place_of(tmp_path / "closed")


def test_a_link_to_itself_is_an_error(tmp_path: Path) -> None:
    """Whatever the system says about a path, callers catch one class."""
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(PathError):
        place_of(tmp_path / "loop")


@pytest.mark.skipif(IS_WINDOWS, reason="there it can't be removed")
def test_a_current_directory_that_is_gone_is_an_error_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People remove a worktree in another window."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    with pytest.raises(PathError):
        place_of(".")


# Shows a defect: ValueError comes out.
@pytest.mark.parametrize("path", ["a\0b", b"a\0b", "\ud800"])
def test_what_can_be_no_path_is_an_error(path: str | bytes) -> None:
    """`Client` promises PathError, and nothing else, for whatever it is given."""
    with pytest.raises(PathError):
        place_of(path)


@of_unix
@pytest.mark.parametrize("value", [None, "", "relative", "/no/such/directory", "own"])
def test_the_place_does_not_depend_on_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    """A daemon that was started at a terminal is asked by `cron`, or after `su`."""
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    expected = place_of(tmp_path).socket
    (tmp_path / "own").mkdir(mode=0o700)

    if value is not None:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / value) if value == "own" else value)

    assert place_of(tmp_path).socket == expected


@of_unix
def test_a_socket_that_is_there_is_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's folder comes at a login, when a daemon may long have its socket elsewhere."""
    first, second = (str(tmp_path / name) for name in ("login", "before"))
    monkeypatch.setattr(folders, "runtime_folders", lambda: [first, second])
    assert place_of(tmp_path).socket.startswith(os.fsencode(first))
    os.mkdir(second)
    there = Path(second, os.path.basename(os.fsdecode(place_of(tmp_path).socket)))

    there.touch()

    assert place_of(tmp_path).socket == bytes(there)
