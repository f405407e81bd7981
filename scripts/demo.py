"""Show what fsmond does, on a real tree: `demo.py [REPO]`, or `make run`.

Without a repository, a scratch one is made of the standard library of this Python.  In one that is
named, a directory is added and removed again, which is said before; its index and configuration
stay as they are, as git is given copies of the index, and options.  Whatever happens, but for a
SIGKILL, nothing is left behind.
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
from cleaning import ignore_signals, undisturbed_cleaning
from demo_git import HOOK, Way, compare, show_same, show_times, warm, ways_to_ask
from demo_shell import COMMAND, Failure, Shell

from fsmond.daemon.alive import lives
from fsmond.rendezvous import place_of
from ipc import ActiveState, get_active_state


def main() -> int:
    """Play the whole piece; return the exit status."""
    parser = argparse.ArgumentParser(description="Show what fsmond does, on a real tree.")
    parser.add_argument("repository", nargs="?", type=Path, help="a Git worktree; else one is made")
    options = parser.parse_args()
    try:
        with ExitStack() as stack, undisturbed_cleaning():
            shell, place, ways = set_stage(options.repository, stack)
            with _stopping(shell):
                play(shell, place, ways)
    except (Failure, repository.Unsuitable) as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print("\nAll is as it was before.")
    return 0


def set_stage(named: Path | None, stack: ExitStack) -> tuple[Shell, str, list[Way]]:
    """Prepare a tree, with what removes it on the stack; return also where in it to play."""
    if not COMMAND.exists() or not shutil.which("git"):
        raise Failure(f"needs git, and {COMMAND}; try: {sys.executable} -m pip install .")
    scratch = Path(
        stack.enter_context(
            tempfile.TemporaryDirectory(prefix="fsmond-demo-", ignore_cleanup_errors=True)
        )
    ).resolve()
    if named is None:
        root = scratch / "repository"
        print(f"Making a repository of about {repository.FILES:,} files in {root}", flush=True)
        place = repository.make(root)
    else:
        root = repository.worktree_of(named)
        if get_active_state(place_of(root).socket) == ActiveState.LISTENING:
            raise Failure(f"{root} is being watched already; first try: fsmond stop {root}")
        print(f"Playing in {root / scratch.name}/, a directory that is made now", flush=True)
        print("and removed at the end; nothing else in the repository is changed.", flush=True)
        place = stack.enter_context(repository.guest(root, scratch.name))
    return Shell(root, scratch), place, ways_to_ask(repository.index_of(root), scratch)


def play(shell: Shell, place: str, ways: list[Way]) -> None:
    """Start, change things, ask what changed, compare git's answers, stop."""
    print(f"\n$ cd {shell.root}")
    shell.type("fsmond start")
    pid = json.loads(shell.fsmond("status", "--json"))["pid"]
    shell.type("fsmond status")
    warm(shell, ways)
    token = shell.fsmond("query").splitlines()[0]
    print("\n# A few edits, and what changed since a token from before them:")
    shell.type(f"echo '# edited' >> {place}/json/decoder.py")
    shell.type(f"mkdir -p {place}/new/nested && echo new > {place}/new/nested/file.txt")
    shell.type(f"mv {place}/concurrent {place}/parallel")
    shell.type(f"rm {place}/this.py")
    check_answer(shell.type(f"fsmond query --since {token}"), place)
    print("\n# Git asks fsmond too, instead of looking at everything:")
    compare_status(shell, place, ways)
    print()
    show_times(shell, ways, repository.count(shell.root))
    print()
    shell.type("fsmond stop")
    if lives(pid) or os.path.lexists(place_of(shell.root).socket):
        raise Failure(f"process {pid} or its socket is still there")


def check_answer(answer: str, place: str) -> None:
    """Raise Failure unless all that was changed is named, and nothing else."""
    paths = answer.splitlines()[1:]
    changed = [f"{place}/{each}" for each in ("json/decoder.py", "this.py")]
    changed += [f"{place}/{each}/" for each in ("new", "concurrent", "parallel")]
    files = ("new/nested/file.txt", "concurrent/futures/thread.py", "parallel/futures/thread.py")
    for each in changed + [f"{place}/{file}" for file in files]:
        if not any(covers(path, each) for path in paths):
            raise Failure(f"the answer does not name {each}")
    for path in paths:  # those elsewhere are not ours, in a repository that is in use
        if path.startswith(f"{place}/") and not any(covers(each, path) for each in changed):
            raise Failure(f"the answer names {path}, which did not change")


def covers(path: str, other: str) -> bool:
    """Say whether `other` is `path`, or below it."""
    return other == path or (path.endswith("/") and other.startswith(path))


def compare_status(shell: Shell, place: str, ways: list[Way]) -> None:
    """Show what git says, and that it says so with fsmond and without, before and after an edit."""
    print(f"$ hook='{HOOK}'")
    print('$ git -c core.fsmonitor="$hook" -c core.fsmonitorHookVersion=2 \\')
    print("      -c core.untrackedCache=true status --porcelain")
    show_same(compare(shell, ways), ways, whole=True)
    shell.type(f"echo '# edited' >> {place}/json/scanner.py")
    shell.type(f"echo new > {place}/json/new.py")
    show_same(compare(shell, ways), ways, whole=False)


@contextmanager
def _stopping(shell: Shell) -> Iterator[None]:
    """When interrupted, stop the daemon, even if it was just being started."""
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
