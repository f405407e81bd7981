"""What a manager of services does."""

import os
import subprocess
from collections.abc import Sequence
from typing import NamedTuple, Protocol

_TIMEOUT = 60.0  # seconds for a command of the manager; it waits until a daemon is ready


class ServiceError(OSError):
    """The manager cannot be used, or refused; the message says what to do."""


class Service(NamedTuple):
    """A daemon that the manager starts at login."""

    root: bytes
    name: str
    """By which the manager knows it."""
    state: str
    """What the manager says of it."""


class Manager(Protocol):
    """All methods raise ServiceError.  What is installed lasts until it is uninstalled."""

    def install(self, root: bytes) -> str:
        """Have a tree watched from each login on, and now; return the service's name."""

    def uninstall(self, root: bytes) -> bool:
        """Undo that, and end the daemon; return whether there was anything to undo."""

    def services(self) -> list[Service]:
        """Return all that are installed, by the paths of their trees."""


def call(command: Sequence[str], *, advice: str) -> str:
    """Run a command of the manager; return its output, or raise ServiceError with the advice."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
            encoding="utf-8",
            errors="surrogateescape",
        )
    except FileNotFoundError as error:
        raise ServiceError(f"there is no {os.path.basename(command[0])} here; {advice}") from error
    except subprocess.TimeoutExpired as error:
        raise ServiceError(f"{' '.join(command)} did not end in {_TIMEOUT:.0f} s") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no reason was given"]
        raise ServiceError(f"{' '.join(command)}: {said[-1]}; {advice}")
    return done.stdout


def write(path: str, content: bytes) -> bool:
    """Write a file of the manager's; return whether it is new, or was another one."""
    try:
        with open(path, "rb") as file:
            if file.read() == content:
                return False
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    new = f"{path}.new"
    with open(new, "wb") as file:
        file.write(content)
    os.replace(new, path)
    return True
