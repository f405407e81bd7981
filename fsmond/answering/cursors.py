"""Tokens that the daemon keeps for its clients, by name; they are stored with the history."""

import re

from fsmond.monitor.monitor import Monitor

MAX_CURSORS = 1000
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MAX_SHOWN = 80  # characters of a name that an error message repeats


def check_name(name: object) -> str:
    """Return a valid name; raise ValueError for any other one."""
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        text = ascii(name)[:_MAX_SHOWN]
        raise ValueError(f"not a cursor's name: {text}: use 1 to 64 letters, digits, '.', '_', '-'")
    return name


class Cursors:
    """The cursors of one tree; thread-safe."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def token(self, name: str) -> bytes | None:
        """Return the token of a cursor; None if there is no such cursor yet.

        Raise ValueError if there are too many for another one.
        """
        with self._monitor.kept() as kept:
            found = kept.cursors.get(name)
            if found is None and len(kept.cursors) >= MAX_CURSORS:
                raise ValueError(
                    f"there are {MAX_CURSORS} cursors: delete one by 'fsmond cursor delete NAME'"
                )
        return None if found is None else found.encode()

    def move(self, name: str, token: str) -> None:
        """Have a cursor stand at a token; raise ValueError if there are too many cursors."""
        with self._monitor.kept() as kept:
            if name not in kept.cursors and len(kept.cursors) >= MAX_CURSORS:
                raise ValueError(f"there are {MAX_CURSORS} cursors: delete one")
            kept.cursors[name] = token
            kept.version += 1

    def delete(self, name: str) -> bool:
        """Forget a cursor; return whether there was one."""
        with self._monitor.kept() as kept:
            found = kept.cursors.pop(name, None)
            kept.version += 1
        return found is not None

    def all(self) -> dict[str, str]:
        """Return the token of each cursor, by name."""
        with self._monitor.kept() as kept:
            return dict(sorted(kept.cursors.items()))
