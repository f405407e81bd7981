"""Check all that can keep fsmond from answering fast, for one tree; each with what to do."""

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from operator import attrgetter
from subprocess import list2cmdline

from fsmond.client import Client
from fsmond.errors import (
    Error,
    NotRunningError,
    OtherDaemonError,
    OtherTreeError,
    PathError,
)
from fsmond.folders import runtime_folders
from fsmond.manage import kernel_use
from fsmond.manage.clock import clock_findings
from fsmond.manage.findings import Finding, Level
from fsmond.manage.git_checks import git_findings
from fsmond.manage.kernel_use import FANOTIFY, INOTIFY, Facility, User
from fsmond.printable import message_of, printable
from fsmond.process.attempts import StartAttempt
from fsmond.rendezvous import Place, place_of
from fsmond.results import Status

_NEARLY = 0.8  # of a limit
_MORE = 4  # times as much is advised as a limit allows
_NAMED = 5  # processes that use most
_TIMEOUT = 2.0  # seconds for an answer of the daemon


def examine(path: str) -> list[Finding]:
    """Return what was found for the tree of a path; a check that fails is a finding, too."""
    try:
        place = place_of(path)
    except PathError as error:
        return [Finding("tree", "problem", str(error))]
    found = [Finding("tree", "ok", printable(place.root))]
    status, about_daemon = _daemon(place)
    found += about_daemon
    for check in _CHECKS:
        try:
            found += check(place, status)
        except (Error, OSError) as error:
            name = check.__name__.strip("_").removesuffix("_findings").replace("_", " ")
            found.append(Finding(name, "problem", f"could not be checked: {message_of(error)}"))
    return found


def _daemon(place: Place) -> tuple[Status | None, list[Finding]]:
    """Return the status of the daemon, if it has one, and who holds the socket."""
    shown = _quoted(os.fsdecode(place.root))
    try:
        status = Client(place, start=False, timeout=_TIMEOUT).status()
    except NotRunningError:
        return None, list(_nobody(place, shown))
    except (OtherDaemonError, OtherTreeError) as error:
        cure = f"fsmond start --replace {shown}"
        return None, [Finding("daemon", "problem", str(error).partition(";")[0], cure)]
    except (Error, TimeoutError) as error:
        message, _, cure = str(error).partition("; ")
        return None, [Finding("daemon", "problem", message, cure or f"fsmond stop {shown}")]
    return status, list(_running(status))


def _quoted(path: str) -> str:
    """Return a path as the system's usual shell takes it."""
    return printable(list2cmdline([path]) if sys.platform == "win32" else shlex.quote(path))


def _nobody(place: Place, shown: str) -> Iterator[Finding]:
    failed = StartAttempt(place).reason()
    if failed:
        yield Finding(
            "daemon", "problem", f"the last start failed: {failed}", f"fsmond start {shown}"
        )
    elif os.path.lexists(place.socket) and sys.platform != "win32":
        yield Finding(
            "daemon",
            "problem",
            f"none runs, but its socket is left: {printable(place.socket)}",
            f"fsmond start {shown}",
        )
    else:
        yield Finding("daemon", "note", "none runs; the next client starts one")


def _running(status: Status) -> Iterator[Finding]:
    yield Finding(
        "daemon", "ok", f"process {status.get('pid')} is {status.get('state')}, and answers"
    )
    unreadable = status.get("unreadable")
    if isinstance(unreadable, list) and unreadable:
        names = ", ".join(printable(str(each)) or "." for each in unreadable[:_NAMED])
        yield Finding(
            "permissions",
            "problem",
            f"{len(unreadable)} directories cannot be read, and are in each answer: {names}",
            "let the daemon's user read them",
        )
    if status.get("last_error"):
        text = printable(str(status["last_error"]))
        yield Finding("log", "note", f"the last warning: {text}", "fsmond log")


def _coverage(place: Place, status: Status | None) -> Iterator[Finding]:
    """How changes are detected."""
    if status is not None:
        scanned = status.coverage.get("scan", 0)
        if status.state != "ready":  # what cannot be watched is counted by the first comparison
            text = f"the daemon is {status.state}: how it detects changes will be known soon"
            yield Finding("coverage", "ok", text)
            return
        if not scanned:
            yield Finding("coverage", "ok", f"{status.directories} directories report changes")
            return
        advice = status.get("advice")
        yield Finding(
            "coverage",
            "problem" if advice else "note",
            f"{scanned} of {status.directories} directories are compared at each query",
            str(advice) if advice else None,
        )
    elif sys.platform == "linux":
        from fsmond.watching.choice import why_no_events

        why = why_no_events(place.root)
        if why is None:
            yield Finding("coverage", "ok", "the file system reports changes")
        else:
            message, _, advice = why.partition("; ")
            yield Finding("coverage", "problem", message, advice or None)


def _limits(_place: Place, _status: Status | None) -> Iterator[Finding]:
    """Whether what inotify and fanotify let a user watch is nearly used up, and by whom."""
    if sys.platform != "linux":
        return
    for facility in (INOTIFY, FANOTIFY):
        use = kernel_use.current_use(facility)
        if facility is INOTIFY or use.instances:
            watches, instances = attrgetter("watches"), attrgetter("instances")
            yield _limit(facility, facility.watches, use.max_watches, watches, use.users)
            yield _limit(facility, facility.instances, use.max_instances, instances, use.users)


def _limit(
    facility: Facility,
    what: str,
    limit: int | None,
    count: Callable[[User], int],
    users: list[User],
) -> Finding:
    used = sum(map(count, users))
    if limit is None:
        text = f"{used} {facility.name} {what} are in use; the limit is unknown"
        return Finding(what, "note", text)
    if used < limit * _NEARLY:
        return Finding(what, "ok", f"{used} of {limit} {facility.name} {what} are in use")
    most = sorted(users, key=count, reverse=True)[:_NAMED]
    who = ", ".join(f"{count(each)} by {printable(each.name)} ({each.pid})" for each in most)
    return Finding(
        what,
        "problem",
        f"{used} of {limit} {facility.name} {what} are in use: {who}",
        f"sudo sysctl fs.{facility.name}.max_user_{what}={limit * _MORE}",
    )


def _folders(_place: Place, _status: Status | None) -> Iterator[Finding]:
    """Whether there is a private folder for sockets and locks."""
    try:
        folder = printable(os.fsencode(runtime_folders()[0]))
        yield Finding("folder", "ok", f"{folder} is private")
    except PathError as error:
        message, _, advice = str(error).partition("; ")
        yield Finding("folder", "problem", message, advice)


def _history(_: Place, status: Status | None) -> Iterator[Finding]:
    """Whether tokens outlive the daemon."""
    if status is None:
        return
    history = status.history
    reason = history.get("reason")
    if history.get("stored"):
        if reason:
            message = f"an older one was not used: {printable(str(reason))}"
            yield Finding("history", "note", message)
        else:
            yield Finding("history", "ok", "tokens outlive the daemon")
    elif reason:
        level: Level = "note" if _is_switched_off(status) else "problem"
        message = f"tokens end with the daemon: {printable(str(reason))}"
        yield Finding("history", level, message, "see docs/reference/history.md")
    else:
        yield Finding("history", "note", "not stored yet")


def _is_switched_off(status: Status) -> bool:
    settings = status.get("settings")
    return isinstance(settings, dict) and settings.get("history") == "off"


_CHECKS: tuple[Callable[[Place, Status | None], Iterator[Finding]], ...] = (
    _coverage,
    _limits,
    _folders,
    _history,
    git_findings,
    clock_findings,
)
