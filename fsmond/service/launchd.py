"""Agents of macOS's launchd, each with a property list of its own; see launchd.plist(5)."""

import os
import plistlib
from collections.abc import Sequence
from hashlib import sha256

from fsmond.folders import home
from fsmond.service.contract import Service, ServiceError, call, write

_PREFIX = "io.github.fsmond."
_SUFFIX = ".plist"
_ADVICE = "log in to the desktop, or see: launchctl print"


class Launchd:
    """See contract.Manager."""

    def __init__(self, command: Sequence[str], folder: str | None = None) -> None:
        self._command = command
        self._folder = folder or os.path.join(home(), "Library", "LaunchAgents")

    def install(self, root: bytes) -> str:
        """See Manager.install."""
        label = _label(root)
        path = self._path(label)
        is_new = not os.path.exists(path)
        write(path, agent(self._command, root, label))
        try:
            if not is_new:
                self._end(label)
            call(["launchctl", "bootstrap", _domain(), path], advice=_ADVICE)
        except ServiceError:
            if is_new:
                os.unlink(path)
            raise
        return label

    def uninstall(self, root: bytes) -> bool:
        """See Manager.uninstall."""
        label = _label(root)
        try:
            os.unlink(self._path(label))
        except FileNotFoundError:
            return False
        self._end(label)
        return True

    def services(self) -> list[Service]:
        """See Manager.services."""
        found = []
        try:
            names = os.listdir(self._folder)
        except FileNotFoundError:
            names = []
        for name in names:
            if name.startswith(_PREFIX) and name.endswith(_SUFFIX):
                label = name.removesuffix(_SUFFIX)
                with open(os.path.join(self._folder, name), "rb") as file:
                    root = os.fsencode(plistlib.load(file)["ProgramArguments"][-1])
                found.append(Service(root, label, _state(label)))
        return sorted(found)

    def _end(self, label: str) -> None:
        try:
            call(["launchctl", "bootout", f"{_domain()}/{label}"], advice=_ADVICE)
        except ServiceError:
            if _state(label) != "not loaded":
                raise

    def _path(self, label: str) -> str:
        return os.path.join(self._folder, label + _SUFFIX)


def agent(command: Sequence[str], root: bytes, label: str) -> bytes:
    """Return the property list of an agent."""
    return plistlib.dumps(
        {
            "Label": label,
            "ProgramArguments": [*command, "run", "--replace", os.fsdecode(root)],
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},  # one condition of several would be enough
            "ThrottleInterval": 10,
            "ProcessType": "Background",
            "Umask": 0o77,
        }
    )


def _state(label: str) -> str:
    try:
        printed = call(["launchctl", "print", f"{_domain()}/{label}"], advice=_ADVICE)
    except ServiceError:
        return "not loaded"
    states = [line.partition("=")[2].strip() for line in printed.splitlines() if "state =" in line]
    return states[0] if states else "unknown"


def _label(root: bytes) -> str:
    return _PREFIX + sha256(root).hexdigest()[:16]


def _domain() -> str:
    return f"gui/{getattr(os, 'getuid', lambda: 0)()}"
