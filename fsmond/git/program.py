"""Run Git's own command."""

import os
import subprocess

_PATIENCE = 30.0  # seconds; what is asked for takes milliseconds


class GitError(Exception):
    """Git could not be run, or failed; the message is its own, or says what is missing."""


def git(*arguments: str, directory: bytes | None = None) -> bytes:
    """Return what Git prints, without the last newline; raise GitError if it fails."""
    where = [] if directory is None else ["-C", os.fsdecode(directory)]
    try:
        done = subprocess.run(
            ["git", *where, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**os.environ, "LC_ALL": "C"},  # what it says may be repeated, and is looked into
            timeout=_PATIENCE,
            check=False,
        )
    except FileNotFoundError as error:
        raise GitError("there is no git in PATH; install it") from error
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise GitError(f"git {arguments[0]}: {error}") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise GitError(said[-1] if said else f"git {arguments[0]} failed, and did not say why")
    return done.stdout.removesuffix(b"\n")
