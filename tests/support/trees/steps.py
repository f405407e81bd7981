"""Changes to a tree as tuples of words, for scripts."""

import contextlib
import errno
import mmap
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

Step = tuple[str, ...]
"""An operation and its paths, relative to the root; `..` is beside it."""

TIMESTAMP_STEP = 0.05  # seconds after which a new change gets another timestamp
TRIES = 20 if os.name == "nt" else 0
_OPEN = (5, 32, 145, 183)  # Windows' errors if something is open that should be gone
_LONG = "\\\\?\\" if os.name == "nt" else ""  # the prefix for long paths


def wait_for_next_timestamp(path: Path) -> None:
    """Wait until another change of a directory would get another timestamp."""
    while time.time() < path.stat().st_ctime + TIMESTAMP_STEP:
        time.sleep(TIMESTAMP_STEP / 5)


def make(root: Path, step: Step) -> None:
    """Make one change; retry if what is removed is open: Wine then fails."""
    what, *arguments = step
    for _ in range(TRIES):
        try:
            _STEPS[what](root, *arguments)
            return
        except OSError as error:
            if getattr(error, "winerror", None) not in _OPEN and error.errno != errno.EACCES:
                raise
            time.sleep(TIMESTAMP_STEP)
    _STEPS[what](root, *arguments)


def at(root: Path, path: str) -> str:
    """Return a path of any length for a system call."""
    return _LONG + os.path.normpath(os.path.join(root, path))


def _write(root: Path, path: str, text: str = "") -> None:
    with open(at(root, path), "w", encoding="utf-8") as file:
        file.write(text)


def _read(root: Path, path: str) -> None:
    with open(at(root, path), "rb") as file:
        file.read()


def _read_all(root: Path) -> None:
    for folder, _, names in os.walk(root):
        for name in names:
            _read(root, os.path.join(folder, name))


def _map(root: Path, path: str) -> None:
    with open(at(root, path), "r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[0] = 33


def _exchange(root: Path, one: str, other: str) -> None:
    from support.trees.system_calls import exchange  # Linux only

    exchange(os.fsencode(root / one), os.fsencode(root / other))


def _churn(root: Path, path: str, count: str, times: str) -> None:
    for number in range(int(times)):
        name = at(root, f"{path}/{number % int(count)}")
        os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
        os.unlink(name)


def _touch(root: Path, path: str) -> None:
    with contextlib.suppress(OSError):
        status = os.lstat(at(root, path))
        while time.time() < status.st_mtime + TIMESTAMP_STEP:
            time.sleep(TIMESTAMP_STEP / 5)
    os.utime(at(root, path))


_STEPS: dict[str, Callable[..., object]] = {
    "write": _write,
    "read": _read,
    "read-all": _read_all,
    "map": _map,
    "touch": _touch,
    "truncate": lambda root, path: os.truncate(at(root, path), 0),
    "remove": lambda root, path: os.unlink(at(root, path)),
    "rename": lambda root, old, new: os.rename(at(root, old), at(root, new)),
    "replace": lambda root, old, new: os.replace(at(root, old), at(root, new)),
    "mkdir": lambda root, path: os.makedirs(at(root, path)),
    "rmdir": lambda root, path: os.rmdir(at(root, path)),
    "rmtree": lambda root, path: shutil.rmtree(at(root, path)),
    "exchange": _exchange,
    "executable": lambda root, path: os.chmod(at(root, path), 0o755),
    "read-only": lambda root, path: os.chmod(at(root, path), 0o444),
    "writable": lambda root, path: os.chmod(at(root, path), 0o666),
    "symlink": lambda root, to, path: os.symlink(to, at(root, path)),
    "hard-link": lambda root, old, new: os.link(at(root, old), at(root, new)),
    "churn": _churn,
}
