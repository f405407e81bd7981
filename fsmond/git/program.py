"""Run Git's command."""

import os
import re
import subprocess
import sys

_TIMEOUT = 30.0  # seconds; our commands take milliseconds
_QUERY_TIMEOUT = 3.0  # seconds, while a query waits
_SETTINGS = "GIT_CONFIG"  # prefix of the variables that hold settings, or name files of them
_VERSION = re.compile(rb"git version (\d+)\.(\d+)")


if sys.platform == "win32":
    # A daemon may have no console; then a window would open for this command.
    _FLAGS = subprocess.CREATE_NO_WINDOW
else:
    _FLAGS = 0


class GitError(OSError):
    """Git could not be run, or failed; the message is Git's own, or says what is missing."""

    def __init__(self, message: str, status: int = -1) -> None:
        super().__init__(message)
        self.status = status
        """Git's exit status; -1 if it could not be run."""


def git(*arguments: str, directory: bytes | None = None, timeout: float = _TIMEOUT) -> bytes:
    """Return what Git prints, without the last newline; raise GitError if it fails.

    `timeout`: seconds that it may take.
    """
    where = [] if directory is None else ["-C", os.fsdecode(directory)]
    printed = _run([*where, *arguments], dict(os.environ), timeout)
    return printed.removesuffix(b"\n")


def git_outside_repositories(*arguments: str, settings: bool = False) -> bytes:
    """Return what Git prints outside of any repository; raise GitError if it fails or is slow.

    GIT_ variables have no effect, except that `settings` admits those with configuration.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or (settings and name.startswith(_SETTINGS))
    }
    # An invalid GIT_DIR keeps Git from reading the repository above the current directory.
    return _run([*arguments], {**environment, "GIT_DIR": os.devnull}, _QUERY_TIMEOUT)


def _run(arguments: list[str], environment: dict[str, str], timeout: float) -> bytes:
    command = next((each for each in arguments if each[:1] not in ("-", "/")), "")
    try:
        done = subprocess.run(
            [_program(), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**environment, "LC_ALL": "C"},  # `_reason` parses its messages
            timeout=timeout,
            creationflags=_FLAGS,
            check=False,
        )
    except (FileNotFoundError, NotADirectoryError) as error:
        raise GitError("there is no git in PATH; install it") from error
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise GitError(f"git {command}: {error}") from error
    if done.returncode != 0:
        raise GitError(_reason(done.stderr, command), done.returncode)
    return done.stdout


def _program() -> str:
    """Return the path of git, but never of a program in the current directory."""
    name = "git.exe" if sys.platform == "win32" else "git"
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(folder.strip('"') if sys.platform == "win32" else folder, name)
        if os.path.isabs(path) and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    raise FileNotFoundError(name)


def _reason(output: bytes, command: str) -> str:
    lines = output.decode(errors="replace").rstrip("\n").split("\n")
    for line in lines:  # warnings may come before, and advice after
        if line.startswith(("fatal: ", "error: ")):
            return _printable(line.partition(" ")[2])
    return _printable(lines[-1]) or f"git {command} failed without a message"


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)


def version() -> tuple[int, int]:
    """Return the first two numbers of Git's version."""
    text = git("version")
    found = _VERSION.match(text)
    if found is None:
        raise GitError(f"`git version` printed no version: {text.decode(errors='replace')!r}")
    return int(found[1]), int(found[2])


def asks_daemons() -> bool:
    """Return whether this git can query a daemon itself: since git 2.36, on Linux since 2.55."""
    return b"feature: fsmonitor--daemon" in git("version", "--build-options").splitlines()
