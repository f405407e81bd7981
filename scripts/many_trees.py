"""Measure many worktrees of one repository, with a daemon each, as coding agents make them.

    python scripts/many_trees.py [COUNT]

Prints what starts cost, what the daemons cost in memory, and how many have an inotify instance.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

FSMOND = [sys.executable, "-m", "fsmond"]
TIMEOUT = 60.0  # seconds until all are ready
FILES = 200  # in each worktree


def main() -> int:
    """Make the worktrees, measure, and remove all."""
    count = int(sys.argv[1]) if sys.argv[1:] else 200
    with tempfile.TemporaryDirectory(prefix="fsmond-many-") as folder:
        trees = make(Path(folder), count)
        try:
            began, starts = time.perf_counter(), []
            for tree in trees:
                start = time.perf_counter()
                fsmond("start", tree)
                starts.append(time.perf_counter() - start)
            print(f"{count} daemons started in {time.perf_counter() - began:.1f} s, ", end="")
            print(f"each in {median(starts) * 1000:.0f} ms (median)")
            until_ready(count)
            report(trees)
        finally:
            for tree in trees:
                fsmond("stop", tree)
    return 0


def until_ready(count: int) -> None:
    """Wait until so many daemons are ready."""
    deadline = time.monotonic() + TIMEOUT
    while sum(each["state"] == "ready" for each in json.loads(fsmond("list", "--json"))) < count:
        if time.monotonic() > deadline:
            raise TimeoutError("not all daemons are ready")
        time.sleep(0.2)


def make(folder: Path, count: int) -> list[Path]:
    """Make a repository and its worktrees."""
    main_tree = folder / "main"
    git = ["git", "-C", str(main_tree), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", "init", "-q", main_tree], check=True)
    for number in range(FILES):
        path = main_tree / str(number % 20) / f"{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(str(number))
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "first"], check=True)
    trees = []
    for number in range(count):
        tree = folder / f"tree{number}"
        subprocess.run([*git, "worktree", "add", "-q", "--detach", tree], check=True)
        trees.append(tree)
    return trees


def report(trees: list[Path]) -> None:
    """Print what the daemons cost."""
    found = json.loads(fsmond("list", "--json"))
    wanted = set(map(str, trees))
    ours = [each for each in found if each["root"] in wanted]
    shares = [memory_of(each["pid"]) for each in ours]
    compared = sum(status(each["root"])["coverage"]["events"] == 0 for each in ours)
    print(f"{len(ours)} run; {compared} of them compare, for lack of an inotify instance")
    for name, values in zip(("PSS", "own"), zip(*shares, strict=True), strict=True):
        print(f"{name}: {median(values):.1f} MB each (median), {sum(values):.0f} MB in all")


def memory_of(pid: int) -> tuple[float, float]:
    """Return a process's PSS, and what it shares with nobody, in MB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    fields = {line.partition(":")[0]: line.split()[1] for line in lines[1:]}
    own = int(fields["Private_Dirty"]) + int(fields["Private_Clean"])
    return int(fields["Pss"]) / 1000, own / 1000


def status(root: str) -> dict[str, dict[str, int]]:
    """Return the status of a tree's daemon."""
    found: dict[str, dict[str, int]] = json.loads(fsmond("status", root, "--json"))
    return found


def fsmond(*arguments: object) -> str:
    """Run a command; return its output."""
    command = [*FSMOND, *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
