"""Whether Git asks fsmond, and can."""

import os
import shlex
from collections.abc import Iterator

from fsmond.git.program import GitError, asks_daemons, version
from fsmond.git.repository import FIRST_HOOK, effective, is_true
from fsmond.manage.findings import Finding
from fsmond.printable import printable
from fsmond.rendezvous import Place
from fsmond.results import Status

_INSTALL = "fsmond install"
_FALSE = ("false", "no", "off", "0", "")


def git_findings(place: Place, _: Status | None) -> Iterator[Finding]:
    """Check Git's version and settings, and the program that its hook runs."""
    if place.worktree is None:
        return
    try:
        numbers = version()
    except GitError as error:
        yield Finding("git", "note", f"cannot be run: {error}")
        return
    shown = ".".join(map(str, numbers))
    if numbers < FIRST_HOOK:
        advice = "update Git to 2.16 or newer"
        yield Finding("git", "problem", f"git {shown} supports no monitor", advice)
        return
    yield Finding("git", "ok", f"git {shown}")
    yield from _settings(place, shown)
    if not is_true(effective("core.untrackedCache", place.root)):
        message = "core.untrackedCache is not true, so git status still lists all directories"
        yield Finding("git cache", "note", message, "git config core.untrackedCache true")


def _settings(place: Place, shown: str) -> Iterator[Finding]:
    setting = effective("core.fsmonitor", place.root)
    if setting is None or setting.lower() in _FALSE:
        yield Finding("git setting", "note", "Git does not ask fsmond", _INSTALL)
    elif is_true(setting):
        if asks_daemons():
            yield Finding("git setting", "ok", "Git asks fsmond itself")
        else:
            message = f"core.fsmonitor is {setting}, but git {shown} cannot ask a daemon itself"
            yield Finding("git setting", "problem", message, f"{_INSTALL} --hook")
    else:
        yield from _hook(setting)


def _hook(command: str) -> Iterator[Finding]:
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if words[-1:] != ["hook"] or not any("fsmond" in word for word in words):
        message = f"core.fsmonitor is another program: {printable(command)}"
        yield Finding("git setting", "note", message, _INSTALL)
        return
    files = [word for word in words if os.path.isabs(word)]
    missing = [file for file in files if not os.path.exists(file)]
    if missing:
        message = f"the hook cannot run, as {printable(missing[0])} is gone"
        yield Finding("git hook", "problem", message, f"{_INSTALL} --hook")
    else:
        yield Finding("git hook", "ok", "Git asks fsmond by its hook")
