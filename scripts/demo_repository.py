"""The repository that the demonstration plays in."""

import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILES = 60_000  # git status then takes long enough to be felt, and making them a few seconds
_SIZE_LIMIT = 16_384  # bytes; four files of five are smaller, and all of them would fill a disk
_NOT_THE_LIBRARY = ("site-packages", "dist-packages", "__pycache__")
_ACTORS = ("json", "concurrent", "this.py")  # what the demonstration edits, renames and deletes


class Unsuitable(Exception):  # noqa: N818 - what it is, not an error of ours
    """The directory that was named is no worktree; the message says what would do."""


def make(root: Path) -> str:
    """Fill a new repository with copies of the standard library; return one of their names.

    The first is written and hashed, the others are checked out from what git then knows.
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
def guest(root: Path, name: str) -> Iterator[str]:
    """Put a directory to play in below a repository that is not ours, and remove it again."""
    place = root / name
    place.mkdir()
    try:
        for actor in _ACTORS:
            source = _library() / actor
            if source.is_dir():
                shutil.copytree(source, place / actor, ignore=_ignored)
            else:
                shutil.copyfile(source, place / actor)
        yield name
    finally:
        shutil.rmtree(place, ignore_errors=True)


def worktree_of(path: Path) -> Path:
    """Return the root of the worktree that holds `path`."""
    try:
        return Path(_git(path, "rev-parse", "--show-toplevel"))
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unsuitable(f"{path} is in no Git worktree: name one, or none at all") from error


def index_of(root: Path) -> Path:
    """Return the path of the worktree's index."""
    return root / _git(root, "rev-parse", "--git-path", "index")


def count(root: Path) -> int:
    """Return how many files git knows there."""
    return _git(root, "ls-files", "-z").count("\0")


def _library() -> Path:
    return Path(sysconfig.get_paths()["stdlib"])


def _ignored(directory: str, names: list[str]) -> list[str]:
    return [name for name in names if _is_ignored(Path(directory, name))]


def _is_ignored(path: Path) -> bool:
    if path.name in _NOT_THE_LIBRARY or path.is_symlink():
        return True
    return not path.is_dir() and path.stat().st_size > _SIZE_LIMIT


def _git(directory: Path, *arguments: str) -> str:
    result = subprocess.run(
        ["git", *arguments], cwd=directory, check=True, capture_output=True, text=True
    )
    return result.stdout.strip("\n")
