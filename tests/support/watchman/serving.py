"""Run a server for Watchman's clients."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.running import LONG, until
from support.watchman.client import WatchmanClient

PROGRAM = "import sys; from fsmond.watchman.program import main; sys.exit(main(sys.argv[1:]))"


@contextmanager
def serving(folder: Path) -> Iterator[Path]:
    """Run a server with its files in a folder; yield its socket, whose path has to be short."""
    with tempfile.TemporaryDirectory(prefix="fsmond-") as short:
        socket = Path(short) / "sock"
        with (folder / "watchman.log").open("ab") as log:
            server = subprocess.Popen(
                [
                    *(sys.executable, "-c", PROGRAM, "--foreground"),
                    *(f"--sockname={socket}", f"--statefile={folder / 'watchman.state'}"),
                ],
                stdout=log,
                stderr=log,
            )
        try:
            until(lambda: socket.exists() or server.poll() is not None)
            yield socket
        finally:
            server.terminate()
            server.wait(LONG)


@contextmanager
def watching(folder: Path, root: Path, version: int = 2) -> Iterator[WatchmanClient]:
    """Run a server that watches a directory; yield a client of it."""
    with serving(folder) as socket, WatchmanClient(socket, version) as client:
        client.ask("watch", str(root))
        yield client
