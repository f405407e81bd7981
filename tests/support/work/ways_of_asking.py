"""The ways in which git can query fsmond."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from support.running import (
    FSMOND,
    LONG,
    fsmond,
    git,
    modern_git,
    no_daemon_left,
    skip_missing,
    status,
    until,
)
from support.work.repositories import Repository
from support.work.same_status import everything_count

import fsmond as package

WAYS = ["system-hook-1", "system-hook-2", "modern-hook-1", "modern-hook-2", "modern-builtin"]
FEW = 12  # watches; the trees have some forty directories
# As the README describes it.
HOOK = f'"{sys.executable}" -I -S "{Path(package.__file__).with_name("__main__.py")}" hook'


def program_of(way: str) -> str:
    """Return the git program of a way; skip the test if there is none."""
    if way.startswith("modern"):
        return modern_git()
    return "git"


def configure(way: str, tree: Path, program: str, *, hook: str = HOOK) -> None:
    """Configure git to query fsmond in that way."""
    settings = {"core.fsmonitor": "true"}
    if "hook" in way:
        settings = {"core.fsmonitor": hook, "core.fsmonitorHookVersion": way[-1]}
    for name, value in settings.items():
        git(tree, "config", name, value, program=program)


def start(tree: Path, mode: str) -> None:
    """Start a daemon in a mode: one of `--watch`, or `few`, with a low limit of watches."""
    if mode == "few":
        # In a user namespace, lowering the limit affects no other process.
        limits = "/proc/sys/user"
        lower = (
            f"echo {FEW} >{limits}/max_inotify_watches && echo 0 >{limits}/max_fanotify_groups && "
            'exec "$@"'
        )
        namespace = ["unshare", "--user", "--map-root-user"]
        if subprocess.run([*namespace, "true"], check=False, capture_output=True).returncode:
            skip_missing("needs user namespaces, to lower inotify's limits")
        command = [*namespace, "sh", "-c", lower, "sh", *FSMOND, "start", str(tree)]
        done = subprocess.run(command, check=False, capture_output=True, timeout=LONG)
        assert done.returncode == 0, done.stderr
    else:
        assert fsmond("start", tree, f"--watch={mode}").returncode == 0


@contextmanager
def asking(repository: Repository, way: str, *, cache: str, mode: str = "auto") -> Iterator[None]:
    """Configure git to query fsmond in all trees, and wait until it gets exact answers."""
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
    """Run git; return whether it got an exact answer."""
    before = sum(map(everything_count, repository.trees))
    git(tree, "status", program=repository.program)
    return sum(map(everything_count, repository.trees)) == before


def _is_ready(tree: Path) -> bool:
    return bool(status(tree)["state"] == "ready")
