"""Files of a repository are opened as what anybody may have put there."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from running import make_repository
from unit.git.test_worktree import make_gitdir

from fsmond.errors import PathError
from fsmond.git.index_file import is_large, may_keep_untracked
from fsmond.git.worktree import NotRegularError, RefusedError, find, open_regular, read, shown
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
def test_what_is_no_small_regular_file_is_not_read(tmp_path: Path, put: Put) -> None:
    """To open a pipe is to wait for a writer; to read a device, to read no end."""
    put(tmp_path / "file")

    with pytest.raises(RefusedError, match="file"):
        read(bytes(tmp_path / "file"), MOST)


@pytest.mark.parametrize("put", [_pipe, _endless_device, _directory])
def test_it_is_not_even_opened(tmp_path: Path, put: Put) -> None:
    """What opens a device may rewind a tape."""
    put(tmp_path / "file")

    with pytest.raises(NotRegularError):
        open_regular(bytes(tmp_path / "file"))


def test_a_pipe_that_comes_after_the_look_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the opening anything may take its place."""
    (tmp_path / "regular").touch()
    os.mkfifo(tmp_path / "file")
    regular = os.stat(tmp_path / "regular")
    monkeypatch.setattr(os, "stat", lambda _: regular)

    with pytest.raises(NotRegularError):
        open_regular(bytes(tmp_path / "file"))


def test_what_is_as_long_as_may_be_is_read_to_its_end(tmp_path: Path) -> None:
    """One byte more is refused: half a file may say the opposite of the whole."""
    (tmp_path / "file").write_bytes(b"x" * MOST)
    assert read(bytes(tmp_path / "file"), MOST) == b"x" * MOST
    assert read(bytes(tmp_path / "none"), MOST) == b""
    (tmp_path / "file").write_bytes(b"x" * (MOST + 1))

    with pytest.raises(RefusedError, match=f"more than {MOST} bytes"):
        read(bytes(tmp_path / "file"), MOST)


@pytest.mark.parametrize("put", ODD)
def test_a_configuration_that_cannot_be_read_is_refused_in_words(root: Path, put: Put) -> None:
    """Which directory is meant cannot be known without it."""
    put(root / ".git" / "config")

    with pytest.raises(PathError, match=r"\.git/config"):
        place_of(root)


@pytest.mark.parametrize("put", ODD)
def test_a_configuration_that_git_does_not_look_at_is_none(root: Path, put: Put) -> None:
    """It counts with an extension only."""
    put(root / ".git" / "config.worktree")

    assert place_of(root).root == bytes(root)


@pytest.mark.parametrize("put", ODD)
def test_a_configuration_of_the_worktrees_own_is_refused_as_well(root: Path, put: Put) -> None:
    """With the extension it does."""
    (root / ".git" / "config").write_text("[extensions]\n\tworktreeConfig = true\n")
    put(root / ".git" / "config.worktree")

    with pytest.raises(PathError, match=r"config\.worktree"):
        place_of(root)


@pytest.mark.parametrize("put", ODD)
@pytest.mark.parametrize("name", ["HEAD", "index", "commondir", "gitdir"])
def test_other_files_of_the_git_directory_do_not_stop_a_query(
    root: Path, put: Put, name: str
) -> None:
    """Where the daemon is met does not depend on them."""
    (root / ".git" / name).unlink(missing_ok=True)
    put(root / ".git" / name)

    assert place_of(root).root == bytes(root)


@pytest.mark.parametrize("put", ODD)
def test_where_a_linked_worktrees_repository_is_need_not_be_known(tmp_path: Path, put: Put) -> None:
    """But where it has settings of its own: whether they count is said there."""
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
def test_what_is_no_regular_file_is_no_git_file(tmp_path: Path, put: Put) -> None:
    """Git looks at plain files only, and a worktree above may hold the path."""
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
    """A carriage return ends no line, and newlines may be in names."""
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


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (b"/a b", "/a b"),
        (b"/caf\xc3\xa9", "/caf\u00e9"),
        (b"/a\nb\r\x1b[31m", "/a\\x0ab\\x0d\\x1b[31m"),
        (b"/\xff", "/\udcff"),
    ],
)
def test_a_path_in_a_message_is_on_one_line(path: bytes, text: str) -> None:
    """And does nothing to a terminal."""
    assert shown(path) == text
