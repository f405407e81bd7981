"""Format a daemon's status for people.

The answer may come from another version, or from another program: no field is relied on, and no
terminal control character is printed.
"""

from collections.abc import Mapping

from fsmond.printable import printable

Status = Mapping[str, object]

LABEL = 13  # characters before what a line says
_LISTED_DIRECTORIES = 5
_LISTED_RESYNCS = 3
_LISTED_CURSORS = 10
_MAX_LENGTH = 1000  # characters of one field


def format_status(status: Status) -> str:
    """Return the lines to print, without the last newline."""
    coverage = _object(status, "coverage")
    lines = [
        f"fsmond {text(status, 'version')} is watching {text(status, 'root')}",
        f"process      {text(status, 'pid')}, running for {number(status, 'uptime_seconds')} s",
        f"directories  {text(status, 'directories')}: {number(coverage, 'events')} watched by "
        f"events, {number(coverage, 'scan')} scanned for each query",
        *([f"             {text(status, 'advice')}"] if status.get("advice") else []),
        *_unreadable(_list(status, "unreadable")),
        f"index        {text(status, 'state')}",
        f"events       {text(status, 'events')}",
        f"queries      {text(status, 'queries')}{_everything(_object(status, 'everything'))}",
        f"history      {_history(_object(status, 'history'))}",
        *_cursors(_object(status, "cursors")),
        f"waiting      {number(status, 'waiting')} clients",
        f"resyncs      {text(status, 'resynced')}",
        *(_resync(each) for each in _list(status, "resyncs")[-_LISTED_RESYNCS:]),
        f"socket       {text(status, 'socket')}",
        f"log          {text(status, 'log') if status.get('log') else 'no file'}",
        f"last error   {text(status, 'last_error') if status.get('last_error') else 'none'}",
    ]
    return "\n".join(lines)


def text(status: Status, name: str) -> str:
    """Return a field as printable text; `?` if it is missing."""
    return printable(str(status.get(name, "?"))[:_MAX_LENGTH])


def number(status: Status, name: str) -> int:
    """Return a field as a number; 0 if it is not one."""
    value = status.get(name)
    if not isinstance(value, int | float) or not abs(value) < float("inf"):
        return 0
    return round(value)


def _object(status: Status, name: str) -> Status:
    value = status.get(name)
    return value if isinstance(value, dict) else {}


def _list(status: Status, name: str) -> list[object]:
    value = status.get(name)
    return value if isinstance(value, list) else []


def _unreadable(paths: list[object]) -> list[str]:
    if not paths:
        return []
    listed = paths[:_LISTED_DIRECTORIES]
    names = ", ".join(printable(str(path)[:_MAX_LENGTH]) or "." for path in listed)
    more = f" and {len(paths) - len(listed)} more" if len(paths) > len(listed) else ""
    return [
        f"unreadable   {names}{more}: in each answer, as changes there cannot be detected; "
        "let this user read them"
    ]


def _history(history: Status) -> str:
    """Return whether tokens outlive the daemon, and why not."""
    reason = f": {text(history, 'reason')}" if history.get("reason") else ""
    if not history.get("stored"):
        return f"not stored{reason or ' yet'}"
    age, kilobytes = number(history, "age_seconds"), -(-number(history, "bytes") // 1000)
    loaded = "continued from an earlier daemon" if history.get("loaded") else f"new{reason}"
    return f"{loaded}; {kilobytes} kB in {text(history, 'path')}, stored {age} s ago"


def _cursors(cursors: Status) -> list[str]:
    if not cursors:
        return []
    names = ", ".join(printable(name[:_MAX_LENGTH]) for name in list(cursors)[:_LISTED_CURSORS])
    more = "" if len(cursors) <= _LISTED_CURSORS else ", ..."
    return [f"cursors      {len(cursors)}: {names}{more}"]


def _everything(reasons: Status) -> str:
    counts = {printable(reason[:_MAX_LENGTH]): number(reasons, reason) for reason in reasons}
    listed = ", ".join(f"{reason} {count}" for reason, count in counts.items())
    return f", {sum(counts.values())} answered with everything: {listed}" if listed else ""


def _resync(entry: object) -> str:
    resync = entry if isinstance(entry, dict) else {}
    return f"             {text(resync, 'reason')}: {text(resync, 'detail')}"
