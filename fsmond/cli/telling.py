"""What a daemon's status says, for people.

Whoever answered may be of another version, or be no fsmond at all: nothing in it is relied on, and
nothing is printed that a terminal would obey.
"""

from fsmond.printable import printable

Told = dict[str, object]

_NAMED = 5  # directories that are listed
_NEWEST = 3  # resyncs that are listed
_LONGEST = 1000  # characters of one thing


def described(told: Told) -> str:
    """Return it in lines."""
    coverage = _object(told, "coverage")
    lines = [
        f"fsmond {text(told, 'version')} is watching {text(told, 'root')}",
        f"process      {text(told, 'pid')}, for {number(told, 'uptime_seconds')} s",
        f"directories  {text(told, 'directories')}: {number(coverage, 'events')} by events, "
        f"{number(coverage, 'scan')} by looking at them for each query",
        *([f"             {text(told, 'advice')}"] if told.get("advice") else []),
        *_unreadable(_list(told, "unreadable")),
        f"index        {text(told, 'state')}",
        f"events       {text(told, 'events')}",
        f"queries      {text(told, 'queries')}{_unanswered(_object(told, 'everything'))}",
        f"resyncs      {text(told, 'resynced')}",
        *(_resync(each) for each in _list(told, "resyncs")[-_NEWEST:]),
        f"socket       {text(told, 'socket')}",
        f"log          {text(told, 'log') if told.get('log') else 'no file'}",
        f"last error   {text(told, 'last_error') if told.get('last_error') else 'none'}",
    ]
    return "\n".join(lines)


def text(told: Told, name: str) -> str:
    """Return something as a terminal may have it; `?` if it was not told."""
    return printable(str(told.get(name, "?"))[:_LONGEST])


def number(told: Told, name: str) -> int:
    """Return something as a number; 0 if it is none."""
    value = told.get(name)
    if not isinstance(value, int | float) or not abs(value) < float("inf"):
        return 0
    return round(value)


def _object(told: Told, name: str) -> Told:
    value = told.get(name)
    return value if isinstance(value, dict) else {}


def _list(told: Told, name: str) -> list[object]:
    value = told.get(name)
    return value if isinstance(value, list) else []


def _unreadable(paths: list[object]) -> list[str]:
    if not paths:
        return []
    named = ", ".join(printable(str(path)[:_LONGEST]) or "." for path in paths[:_NAMED])
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return [
        f"unreadable   {named}{more}: in each answer, as nobody can say what changes there; "
        "let this user read them"
    ]


def _unanswered(everything: Told) -> str:
    counts = {printable(reason[:_LONGEST]): number(everything, reason) for reason in everything}
    named = ", ".join(f"{reason} {count}" for reason, count in counts.items())
    return f", {sum(counts.values())} answered with everything: {named}" if named else ""


def _resync(told: object) -> str:
    resync = told if isinstance(told, dict) else {}
    return f"             {text(resync, 'reason')}: {text(resync, 'detail')}"
