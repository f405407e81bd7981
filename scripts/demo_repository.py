"""The repository in which the demonstration changes files."""

import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILES = 60_000  # enough that git status is noticeably slow; making them takes a few seconds
_SIZE_LIMIT = 16_384  # bytes; four of five files are smaller, and all would take much disk space
_LEFT_OUT = ("site-packages", "dist-packages", "__pycache__")
_CHANGED = ("json", "concurrent", "this.py")  # what the demonstration edits, renames and deletes


class NoWorktree(Exception):  # noqa: N818 - named after the cause
    """The directory is not in a Git worktree; the message says what to do."""


def make(root: Path) -> str:
    """Fill a new repository with copies of the standard library; return the folder of one.

    Only the first copy is hashed; the others are checked out from its tree object.
    """
    shutil.copytree(_library(), root / "copy00", ignore=_ignored, copy_function=shutil.copyfile)
    _git(root, "init", "--quiet")
    _git(root, "add", "--force", "copy00")
    tree = _git(root, "rev-parse", f"{_git(root, 'write-tree')}:copy00")
    for number in range(1, -(-FILES // count(root))):
        _git(root, "read-tree", f"--prefix=copy{number:02}", tree)
    _git(root, "checkout-index", "--all", "--index", "--force", "--quiet")
    who = ("-c", "user.name=demo", "-c", "user.email=demo@localhost", "-c", "commit.gpgSign=false")
    _git(root, *who, "commit", "--quiet", "--no-verify", "--message=the standard library")
    return "copy00"


@contextmanager
def temporary_copy(root: Path, name: str) -> Iterator[str]:
    """Make a directory with a few files in an existing repository, and remove it again."""
    folder = root / name
    folder.mkdir()
    try:
        for each in _CHANGED:
            source = _library() / each
            if source.is_dir():
                shutil.copytree(source, folder / each, ignore=_ignored)
            else:
                shutil.copyfile(source, folder / each)
        yield name
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def worktree_of(path: Path) -> Path:
    """Return the root of the worktree that holds `path`."""
    try:
        return Path(_git(path, "rev-parse", "--show-toplevel"))
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoWorktree(f"{path} is not in a Git worktree; name one, or leave it out") from error


def index_of(root: Path) -> Path:
    """Return the path of the worktree's index."""
    return root / _git(root, "rev-parse", "--git-path", "index")


def count(root: Path) -> int:
    """Return the number of tracked files."""
    return _git(root, "ls-files", "-z").count("\0")


def _library() -> Path:
    return Path(sysconfig.get_paths()["stdlib"])


def _ignored(directory: str, names: list[str]) -> list[str]:
    return [name for name in names if _is_ignored(Path(directory, name))]


def _is_ignored(path: Path) -> bool:
    if path.name in _LEFT_OUT or path.is_symlink():
        return True
    return not path.is_dir() and path.stat().st_size > _SIZE_LIMIT


def _git(directory: Path, *arguments: str) -> str:
    result = subprocess.run(
        ["git", *arguments], cwd=directory, check=True, capture_output=True, text=True
    )
    return result.stdout.strip("\n")
