"""Demonstrate fsmond on a real tree: `demo.py [REPO]`, or `make run`.

Without REPO, it makes a temporary repository from the standard library of this Python.  In a REPO,
it announces a directory, makes it, and removes it at the end.  Index and configuration stay as they
are, because git gets copies of the index, and options.  Only a SIGKILL leaves something behind.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import demo_repository as repository
from cleaning import cleanup_on_signals, ignore_signals
from demo_git import HOOK, GitSetup, compare, fill_caches, setups_of, show_same, show_times
from demo_shell import COMMAND, Failure, Shell

from fsmond.process.alive import is_running
from fsmond.rendezvous import place_of
from ipc import ActiveState, get_active_state


def main() -> int:
    """Run the demonstration; return the exit status."""
    parser = argparse.ArgumentParser(description="Demonstrate fsmond on a real tree.")
    parser.add_argument(
        "repository", nargs="?", type=Path, help="a Git worktree (default: a temporary one)"
    )
    options = parser.parse_args()
    try:
        with ExitStack() as stack, cleanup_on_signals():
            shell, folder, setups = prepare(options.repository, stack)
            with _daemon_stopped_on_failure(shell):
                demonstrate(shell, folder, setups)
    except (Failure, repository.NoWorktree) as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print("\nEverything is as it was before.")
    return 0


def prepare(named: Path | None, stack: ExitStack) -> tuple[Shell, str, list[GitSetup]]:
    """Prepare a tree and push its removal on the stack; return also the folder to change."""
    if not COMMAND.exists() or not shutil.which("git"):
        raise Failure(f"needs git and {COMMAND}; try: {sys.executable} -m pip install .")
    scratch = Path(
        stack.enter_context(
            tempfile.TemporaryDirectory(prefix="fsmond-demo-", ignore_cleanup_errors=True)
        )
    ).resolve()
    if named is None:
        root = scratch / "repository"
        print(f"Making a repository of about {repository.FILES:,} files in {root}", flush=True)
        folder = repository.make(root)
    else:
        root = repository.worktree_of(named)
        if get_active_state(place_of(root).socket) == ActiveState.LISTENING:
            raise Failure(f"{root} is already watched; first try: fsmond stop {root}")
        print(f"Working in {root / scratch.name}/, a directory that is made now", flush=True)
        print("and removed at the end; nothing else in the repository is changed.", flush=True)
        folder = stack.enter_context(repository.temporary_copy(root, scratch.name))
    return Shell(root, scratch), folder, setups_of(repository.index_of(root), scratch)


def demonstrate(shell: Shell, folder: str, setups: list[GitSetup]) -> None:
    """Start fsmond, change files, query, compare git's output, and stop it."""
    print(f"\n$ cd {shell.root}")
    shell.type("fsmond start")
    pid = json.loads(shell.fsmond("status", "--json"))["pid"]
    shell.type("fsmond status")
    fill_caches(shell, setups)
    token = shell.fsmond("query").splitlines()[0]
    print("\n# A few edits, and what changed since a token from before them:")
    shell.type(f"echo '# edited' >> {folder}/json/decoder.py")
    shell.type(f"mkdir -p {folder}/new/nested && echo new > {folder}/new/nested/file.txt")
    shell.type(f"mv {folder}/concurrent {folder}/parallel")
    shell.type(f"rm {folder}/this.py")
    check_answer(shell.type(f"fsmond query --since {token}"), folder)
    print("\n# Git queries fsmond as well, instead of scanning the whole tree:")
    compare_status(shell, folder, setups)
    print()
    show_times(shell, setups, repository.count(shell.root))
    print()
    shell.type("fsmond stop")
    if is_running(pid) or os.path.lexists(place_of(shell.root).socket):
        raise Failure(f"process {pid} or its socket still exists")


def check_answer(answer: str, folder: str) -> None:
    """Raise Failure unless the answer names all changed paths, and no others."""
    paths = answer.splitlines()[1:]
    changed = [f"{folder}/{each}" for each in ("json/decoder.py", "this.py")]
    changed += [f"{folder}/{each}/" for each in ("new", "concurrent", "parallel")]
    files = ("new/nested/file.txt", "concurrent/futures/thread.py", "parallel/futures/thread.py")
    for each in changed + [f"{folder}/{file}" for file in files]:
        if not any(covers(path, each) for path in paths):
            raise Failure(f"the answer does not name {each}")
    for path in paths:  # in a repository in use, other paths may change as well
        if path.startswith(f"{folder}/") and not any(covers(each, path) for each in changed):
            raise Failure(f"the answer names {path}, which did not change")


def covers(path: str, other: str) -> bool:
    """Return whether `other` is `path`, or below it."""
    return other == path or (path.endswith("/") and other.startswith(path))


def compare_status(shell: Shell, folder: str, setups: list[GitSetup]) -> None:
    """Show that git prints the same with fsmond and without, before and after an edit."""
    print(f"$ hook='{HOOK}'")
    print('$ git -c core.fsmonitor="$hook" -c core.fsmonitorHookVersion=2 \\')
    print("      -c core.untrackedCache=true status --porcelain")
    show_same(compare(shell, setups), setups, whole=True)
    shell.type(f"echo '# edited' >> {folder}/json/scanner.py")
    shell.type(f"echo new > {folder}/json/new.py")
    show_same(compare(shell, setups), setups, whole=False)


@contextmanager
def _daemon_stopped_on_failure(shell: Shell) -> Iterator[None]:
    """On a failure or signal, stop the daemon, even if it is just starting."""
    try:
        yield
    except BaseException:
        ignore_signals()
        for command in ("start", "stop"):
            try:
                shell.fsmond(command)
            except Failure as failure:
                print(f"demo: {failure}", file=sys.stderr)
        raise


if __name__ == "__main__":
    sys.exit(main())
