"""Show what an idle daemon's memory is spent on: how much each module adds when it is imported.

    python scripts/memory_by_module.py [LINES]

A process imports what a daemon has imported, in the same order, and reads its own private memory
after each module: what a module adds includes the modules that it is the first to import.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

IMPORTING = """
import importlib, sys
def private():
    with open("/proc/self/smaps_rollup") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("Private_"))
names, begun = sys.stdin.read().split(), private()
print("the interpreter", begun)
for name in names:
    if name not in sys.modules:
        before = private()
        try:
            importlib.import_module(name)
        except Exception:
            continue
        print(name, private() - before)
"""
LISTING = """
import atexit, sys
output = sys.argv.pop(1)
atexit.register(lambda: open(output, "w").write(chr(10).join(sys.modules)))
from fsmond.entry_point import run
run()
"""


def main() -> int:
    """Run a daemon to learn what it imports, import that, and print what costs most."""
    lines = int(sys.argv[1]) if sys.argv[1:] else 25
    with tempfile.TemporaryDirectory(prefix="fsmond-memory-") as folder:
        modules = imported_by_daemon(Path(folder))
    done = subprocess.run(
        [sys.executable, "-I", "-c", IMPORTING],
        input="\n".join(modules),
        capture_output=True,
        text=True,
        check=True,
    )
    found = [line.rsplit(" ", 1) for line in done.stdout.splitlines()]
    costs = sorted(((int(size), name) for name, size in found), reverse=True)
    print(f"{sum(size for size, _ in costs):6} kB in {len(modules)} modules, of which")
    for size, name in costs[:lines]:
        print(f"{size:6} kB  {name}")
    return 0


def imported_by_daemon(folder: Path) -> list[str]:
    """Return the modules that a daemon has imported when it ends, in order."""
    root, output = folder / "root", folder / "modules"
    root.mkdir()
    daemon = subprocess.Popen(
        [sys.executable, "-c", LISTING, str(output), "run", str(root), "--no-history"],
        stderr=subprocess.DEVNULL,
    )
    fsmond = [sys.executable, "-m", "fsmond"]
    try:
        while subprocess.run(
            [*fsmond, "status", str(root)], check=False, capture_output=True
        ).returncode:
            if daemon.poll() is not None:
                raise OSError("the daemon ended at once")
        subprocess.run([*fsmond, "query", str(root)], check=True, capture_output=True)
        subprocess.run([*fsmond, "stop", str(root)], check=True, capture_output=True)
        daemon.wait(60)
    finally:
        daemon.kill()
    return output.read_text(encoding="utf-8").split()


if __name__ == "__main__":
    sys.exit(main())
