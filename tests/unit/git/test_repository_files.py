"""Files of a repository are not trusted: they may be FIFOs, devices, or endless."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.running import make_repository
from unit.git.test_worktree import make_gitdir

from fsmond.errors import PathError
from fsmond.git.index_file import is_large, may_keep_untracked
from fsmond.git.worktree import NotRegularError, RefusedError, find, open_regular, read
from fsmond.rendezvous import place_of

if sys.platform == "win32":
    pytest.skip("there are no pipes and devices among files", allow_module_level=True)

Put = Callable[[Path], object]

MOST = 1 << 20


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _link_to_a_pipe(path: Path) -> None:
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")


def _endless_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _terminal(path: Path) -> None:
    path.symlink_to("/dev/tty")


def _directory(path: Path) -> None:
    path.mkdir()


def _huge(path: Path) -> None:
    with open(path, "wb") as file:
        file.truncate(8 << 30)


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


ODD: list[Put] = [
    _pipe,
    _link_to_a_pipe,
    _endless_device,
    _terminal,
    _directory,
    _huge,
    _loop,
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a repository."""
    root = tmp_path / "root"
    make_repository(root)
    return root


@pytest.mark.parametrize("put", ODD)
def test_only_small_regular_files_are_read(tmp_path: Path, put: Put) -> None:
    """Opening a FIFO can block, and reading a device may never end."""
    put(tmp_path / "file")

    with pytest.raises(RefusedError, match="file"):
        read(bytes(tmp_path / "file"), MOST)


@pytest.mark.parametrize("put", [_pipe, _endless_device, _directory])
def test_other_files_are_not_even_opened(tmp_path: Path, put: Put) -> None:
    """Opening a device can have side effects, such as to rewind a tape."""
    put(tmp_path / "file")

    with pytest.raises(NotRegularError):
        open_regular(bytes(tmp_path / "file"))


def test_a_fifo_that_replaces_the_file_after_the_check_does_not_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between `stat` and `open` the file may be replaced."""
    (tmp_path / "regular").touch()
    os.mkfifo(tmp_path / "file")
    regular = os.stat(tmp_path / "regular")
    monkeypatch.setattr(os, "stat", lambda _: regular)

    with pytest.raises(NotRegularError):
        open_regular(bytes(tmp_path / "file"))


def test_a_file_of_the_maximum_size_is_read_completely(tmp_path: Path) -> None:
    """One byte more is refused: half a file may mean the opposite of the whole."""
    (tmp_path / "file").write_bytes(b"x" * MOST)
    assert read(bytes(tmp_path / "file"), MOST) == b"x" * MOST
    assert read(bytes(tmp_path / "none"), MOST) == b""
    (tmp_path / "file").write_bytes(b"x" * (MOST + 1))

    with pytest.raises(RefusedError, match=f"more than {MOST} bytes"):
        read(bytes(tmp_path / "file"), MOST)


@pytest.mark.parametrize("put", ODD)
def test_a_configuration_that_cannot_be_read_is_refused_with_its_name(root: Path, put: Put) -> None:
    """It says which directory is the worktree."""
    put(root / ".git" / "config")

    with pytest.raises(PathError, match=r"\.git/config"):
        place_of(root)


@pytest.mark.parametrize("put", ODD)
def test_a_configuration_that_git_does_not_read_is_ignored(root: Path, put: Put) -> None:
    """`config.worktree` needs an extension."""
    put(root / ".git" / "config.worktree")

    assert place_of(root).root == bytes(root)


@pytest.mark.parametrize("put", ODD)
def test_a_worktrees_own_configuration_is_refused_as_well(root: Path, put: Put) -> None:
    """Git reads it if the extension is set."""
    (root / ".git" / "config").write_text("[extensions]\n\tworktreeConfig = true\n")
    put(root / ".git" / "config.worktree")

    with pytest.raises(PathError, match=r"config\.worktree"):
        place_of(root)


@pytest.mark.parametrize("put", ODD)
@pytest.mark.parametrize("name", ["HEAD", "index", "commondir", "gitdir"])
def test_other_files_of_the_git_directory_do_not_stop_a_query(
    root: Path, put: Put, name: str
) -> None:
    """The daemon's socket does not depend on them."""
    (root / ".git" / name).unlink(missing_ok=True)
    put(root / ".git" / name)

    assert place_of(root).root == bytes(root)


@pytest.mark.parametrize("put", ODD)
def test_a_linked_worktree_needs_its_repository_only_for_its_own_settings(
    tmp_path: Path, put: Put
) -> None:
    """The repository's configuration says whether these apply."""
    gitdir = make_gitdir(tmp_path / "main" / ".git" / "worktrees" / "linked")
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / ".git").write_text(f"gitdir: {gitdir}\n")
    put(gitdir / "commondir")
    assert place_of(linked).root == bytes(linked)
    (gitdir / "config.worktree").write_text("[core]\n\tworktree = /\n")

    with pytest.raises(PathError, match="commondir"):
        place_of(linked)


@pytest.mark.parametrize("put", ODD)
def test_a_git_file_that_is_not_a_regular_file_is_ignored(tmp_path: Path, put: Put) -> None:
    """So Git does, and a worktree above may contain the path."""
    (tmp_path / "tree").mkdir()
    put(tmp_path / "tree" / ".git")

    assert find(bytes(tmp_path / "tree"), {}) is None


@pytest.mark.parametrize("put", ODD)
def test_an_index_that_cannot_be_read_may_hold_anything(tmp_path: Path, put: Put) -> None:
    """A query must not wait for it."""
    put(tmp_path / "index")

    assert may_keep_untracked(bytes(tmp_path / "index"))
    assert is_large(bytes(tmp_path / "index")) == (put is _huge)


def test_a_git_file_names_a_directory_whatever_byte_is_in_the_name(tmp_path: Path) -> None:
    """A carriage return does not end a line, and names may contain newlines."""
    gitdir = make_gitdir(tmp_path / "x")
    for byte in sorted({*range(1, 256)} - {*b"/"}):
        name = b"a" + bytes([byte]) + b"b"
        named = os.path.join(bytes(tmp_path), name)
        os.rename(gitdir, named)
        gitdir = Path(os.fsdecode(named))
        (tmp_path / ".git").write_bytes(b"gitdir: " + name + b"\n")

        worktree = find(bytes(tmp_path), {})

        assert worktree is not None
        assert worktree.gitdir == named
