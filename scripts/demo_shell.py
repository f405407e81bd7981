"""Run commands, and show each command line, its output and its time."""

import os
import subprocess
import sys
import time
from pathlib import Path

COMMAND = Path(sys.executable).with_name("fsmond")
SHOWN = 16  # lines of output; with more, the rest would not fit the screen
_TIMEOUT = 60  # seconds for one command; one that takes longer hangs
_INHERITED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")


class Failure(Exception):  # noqa: N818 - the demonstration failed, with this message
    """The demonstration did not go as expected."""


class Shell:
    """Runs commands in one directory."""

    def __init__(self, root: Path, state: Path) -> None:
        self.root = root
        self._environment = {k: v for k, v in os.environ.items() if k not in _INHERITED}
        self._environment["XDG_STATE_HOME"] = str(state)  # where the daemon's log goes

    def type(self, line: str) -> str:
        """Show a command line, run it, show its output, and return that."""
        print(f"$ {line}", flush=True)
        program, *rest = line.split()
        is_fsmond = program == "fsmond"
        started = time.perf_counter()
        output = self.run([str(COMMAND), *rest] if is_fsmond else ["sh", "-c", line])
        taken = time.perf_counter() - started
        show(output)
        if is_fsmond:
            print(f"    ({taken * 1000:.0f} ms)")
        return output

    def fsmond(self, *arguments: str) -> str:
        """Run the command `fsmond` quietly and return its output."""
        return self.run([str(COMMAND), *arguments])

    def run(self, words: list[str], **environment: str) -> str:
        """Run a command quietly and return its output.  Raises Failure."""
        try:
            return subprocess.run(
                words,
                cwd=self.root,
                env={**self._environment, **environment},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="surrogateescape",
                timeout=_TIMEOUT,
                check=True,
            ).stdout
        except subprocess.CalledProcessError as error:
            raise Failure(f"{error}\n{error.stderr}") from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Failure(str(error)) from error


def show(output: str) -> None:
    """Print output, indented and cut to fit the screen."""
    lines = output.splitlines()
    for each in lines[:SHOWN]:
        print(f"    {each}")
    if len(lines) > SHOWN:
        print(f"    ... and {len(lines) - SHOWN} more")
