"""Draw what people see: the pictures of docs/screens.md, from real commands in a real terminal.

python scripts/draw_screens.py
"""

import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from fsmond.cli.doctor import print_findings
from fsmond.client import Client
from fsmond.manage.daemons import running
from fsmond.manage.doctor import examine
from fsmond.screen.status_text import format_status
from fsmond.screen.tables import colored_status, daemon_table
from fsmond.screen.top import Top

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "screens"
WIDTH = 96  # columns
TIMEOUT = 20.0  # seconds
FSMOND = [sys.executable, "-m", "fsmond"]


def main() -> int:
    """Make two trees, watch them, and draw each screen."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="project-", dir="/tmp") as folder:
        trees = [Path(folder, name) for name in ("app", "library")]
        for tree in trees:
            subprocess.run(["git", "init", "-q", tree], check=True)
            (tree / "src").mkdir()
            subprocess.run([*FSMOND, "start", tree], check=True)
        for tree in trees:
            until_ready(tree)
        try:
            draw(trees)
        finally:
            for tree in trees:
                subprocess.run([*FSMOND, "stop", tree], check=True)
    return 0


def until_ready(tree: Path) -> None:
    """Wait until a tree's daemon is ready and noted."""
    deadline = time.monotonic() + TIMEOUT
    while not any(each.place.root == bytes(tree) and each.state == "ready" for each in running()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the daemon of {tree} is not ready")
        time.sleep(0.05)


def draw(trees: list[Path]) -> None:
    """Draw the screens."""
    own = {str(tree) for tree in trees}
    mine = [each for each in running() if each.to_object()["root"] in own]
    save("list", lambda console: console.print(daemon_table(mine)))
    status = Client(trees[0]).status()
    save(
        "status",
        lambda console: console.print(colored_status(format_status(status)), soft_wrap=True),
    )
    save("doctor", lambda console: print_findings(examine(str(trees[0])), console))
    top = Top(lambda: mine)
    top.look()
    for name in ("main.c", "main.o", "README"):
        (trees[0] / "src" / name).touch()
    top.look()
    save("top", lambda console: console.print(top.shown()))


def save(name: str, show: Callable[[Console], None]) -> None:
    """Draw one screen."""
    console = Console(record=True, width=WIDTH, force_terminal=True, file=io.StringIO())
    show(console)
    console.save_svg(str(FOLDER / f"{name}.svg"), title=f"fsmond {name}")


if __name__ == "__main__":
    sys.exit(main())
