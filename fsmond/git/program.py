"""Run Git's own command."""

import os
import re
import subprocess
import sys

_PATIENCE = 30.0  # seconds; what is asked for takes milliseconds
_QUERY_PATIENCE = 3.0  # seconds where a query waits
_SETTINGS = "GIT_CONFIG"  # how the variables begin that name configuration, or are some
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
    printed = _run([*where, *arguments], dict(os.environ), _PATIENCE)
    return printed.removesuffix(b"\n")


def ask(*arguments: str, settings: bool = False) -> bytes:
    """Return what Git prints outside of all repositories, soon; raise GitError if it fails.

    Nothing in the environment changes that, but the user's own configuration if `settings`.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or (settings and name.startswith(_SETTINGS))
    }
    # As a git directory that is none: else the one above the current directory would be read.
    return _run([*arguments], {**environment, "GIT_DIR": os.devnull}, _QUERY_PATIENCE)


def _run(arguments: list[str], environment: dict[str, str], patience: float) -> bytes:
    command = next((each for each in arguments if each[:1] not in ("-", "/")), "")
    try:
        done = subprocess.run(
            [_program(), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**environment, "LC_ALL": "C"},  # what it says is looked into
            timeout=patience,
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
    """Return what to run: never what the current directory has under that name."""
    name = "git.exe" if sys.platform == "win32" else "git"
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(folder.strip('"') if sys.platform == "win32" else folder, name)
        if os.path.isabs(path) and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    raise FileNotFoundError(name)


def _reason(said: bytes, command: str) -> str:
    lines = said.decode(errors="replace").rstrip("\n").split("\n")
    for line in lines:  # advice may follow, and warnings go before
        if line.startswith(("fatal: ", "error: ")):
            return _on_a_line(line.partition(" ")[2])
    return _on_a_line(lines[-1]) or f"git {command} failed, and did not say why"


def _on_a_line(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)


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
