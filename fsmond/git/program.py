"""Run Git's own command."""

import os
import re
import subprocess
import sys

_PATIENCE = 30.0  # seconds; what is asked for takes milliseconds
_VERSION = re.compile(rb"git version (\d+)\.(\d+)")


if sys.platform == "win32":
    # In the console of a daemon there is no window, but where is no console, one would open.
    _FLAGS = subprocess.CREATE_NO_WINDOW
else:
    _FLAGS = 0


class GitError(OSError):
    """Git could not be run, or failed; the message is its own, or says what is missing."""

    def __init__(self, message: str, status: int = -1) -> None:
        super().__init__(message)
        self.status = status
        """Its exit status; -1 if it could not be run."""


def git(*arguments: str, directory: bytes | None = None) -> bytes:
    """Return what Git prints, without the last newline; raise GitError if it fails."""
    where = [] if directory is None else ["-C", os.fsdecode(directory)]
    try:
        done = subprocess.run(
            [_program(), *where, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**os.environ, "LC_ALL": "C"},  # what it says is looked into
            timeout=_PATIENCE,
            creationflags=_FLAGS,
            check=False,
        )
    except (FileNotFoundError, NotADirectoryError) as error:
        raise GitError("there is no git in PATH; install it") from error
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise GitError(f"git {arguments[0]}: {error}") from error
    if done.returncode != 0:
        raise GitError(_reason(done.stderr, arguments[0]), done.returncode)
    return done.stdout.removesuffix(b"\n")


def _program() -> str:
    """Return what to run; Windows by itself would run a `git.exe` in the current directory."""
    if sys.platform != "win32":
        return "git"
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        path = os.path.join(folder.strip('"'), "git.exe")
        if os.path.isabs(path) and os.path.isfile(path):
            return path
    raise FileNotFoundError("git.exe")


def _reason(said: bytes, command: str) -> str:
    lines = said.decode(errors="replace").splitlines()
    for line in lines:  # advice may follow, and warnings go before
        if line.startswith(("fatal: ", "error: ")):
            return line.partition(" ")[2]
    return lines[-1] if lines else f"git {command} failed, and did not say why"


def version() -> tuple[int, int]:
    """Return the first two numbers of Git's version."""
    text = git("version")
    found = _VERSION.match(text)
    if found is None:
        raise GitError(f"git does not tell its version, but {text.decode(errors='replace')!r}")
    return int(found[1]), int(found[2])


def asks_daemons() -> bool:
    """Say whether this git was built with a client for daemons: git 2.36, on Linux 2.55."""
    return b"feature: fsmonitor--daemon" in git("version", "--build-options").splitlines()
