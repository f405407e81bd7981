"""The ways in which git can be made to ask fsmond."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from kinds_of_repository import Repository
from running import FSMOND, LONG, fsmond, git, lack, no_daemon_left, status, tool, until
from same_status import told_everything

import fsmond as package

WAYS = ["system-hook-1", "system-hook-2", "modern-hook-1", "modern-hook-2", "modern-builtin"]
FEW = 12  # watches; the trees have some forty directories
# As the README has people configure it.
HOOK = f'"{sys.executable}" -I -S "{Path(package.__file__).with_name("__main__.py")}" hook'


def program_of(way: str) -> str:
    """Return the git of a way; skip the test where there is none."""
    if way.startswith("modern"):
        return tool("FSMOND_MODERN_GIT", "git 2.55")
    return "git"


def configure(way: str, tree: Path, program: str, *, hook: str = HOOK) -> None:
    """Have git ask in that way."""
    settings = {"core.fsmonitor": "true"}
    if "hook" in way:
        settings = {"core.fsmonitor": hook, "core.fsmonitorHookVersion": way[-1]}
    for name, value in settings.items():
        git(tree, "config", name, value, program=program)


def start(tree: Path, mode: str) -> None:
    """Start a daemon that watches in a mode: of `events`, `scan` and `few`, for too few watches."""
    if mode == "few":
        # In a user namespace of its own the limit can be lowered without harm to anybody.
        lower = f'echo {FEW} >/proc/sys/user/max_inotify_watches && exec "$@"'
        namespace = ["unshare", "--user", "--map-root-user"]
        if subprocess.run([*namespace, "true"], check=False, capture_output=True).returncode:
            lack("needs user namespaces, to lower inotify's limits")
        command = [*namespace, "sh", "-c", lower, "sh", *FSMOND, "start", str(tree)]
        done = subprocess.run(command, check=False, capture_output=True, timeout=LONG)
        assert done.returncode == 0, done.stderr
    else:
        assert fsmond("start", tree, f"--watch={mode}").returncode == 0


@contextmanager
def asking(repository: Repository, way: str, *, cache: str, mode: str = "auto") -> Iterator[None]:
    """Have git ask fsmond, in all trees of a repository, and be told what changed."""
    with ExitStack() as stack:
        for tree in repository.trees:
            stack.enter_context(no_daemon_left(tree))
            start(tree, mode)
            git(tree, "config", "core.untrackedCache", cache, program=repository.program)
            configure(way, tree, repository.program)
        for tree in repository.trees:
            until(partial(_is_ready, tree))
            until(partial(relies, repository, tree))
        yield


def relies(repository: Repository, tree: Path) -> bool:
    """Have git ask; say whether it was told what changed."""
    before = sum(map(told_everything, repository.trees))
    git(tree, "status", program=repository.program)
    return sum(map(told_everything, repository.trees)) == before


def _is_ready(tree: Path) -> bool:
    return bool(status(tree)["state"] == "ready")
