"""What a check found, and what to do about it."""

from typing import Literal, NamedTuple

Level = Literal["ok", "note", "problem"]


class Finding(NamedTuple):
    """One thing that was checked."""

    check: str
    """What was checked, in a word or two."""
    level: Level
    """`problem`: something needs doing; `note`: people may want to know."""
    message: str
    advice: str | None = None
    """What to do: a command, if there is one."""

    def to_object(self) -> dict[str, object]:
        """Return it for JSON."""
        return self._asdict()
