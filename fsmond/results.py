"""What the daemon's answers say, as values with types; a plain query does not need them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

from fsmond.errors import AnswerError

Kind = Literal["created", "modified", "deleted"]
Type = Literal["file", "directory", "symlink", "other"]

KIND_LETTERS: dict[Kind, bytes] = {"created": b"A", "modified": b"M", "deleted": b"D"}
"""As `git diff --name-status` has them."""
TYPE_LETTERS: dict[str | None, bytes] = {
    "file": b"f",
    "directory": b"d",
    "symlink": b"l",
    "other": b"o",
    None: b"",
}
"""Of what is there now; None: nothing is, or it is unknown."""
_KINDS = {letter: kind for kind, letter in KIND_LETTERS.items()}
_TYPES = {letter: cast("Type | None", type_) for type_, letter in TYPE_LETTERS.items()}
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Change:
    """How one path changed since a token."""

    path: bytes
    """Relative to the root; ends in `/` if it is, or was, a directory."""
    kind: Kind
    """`created`: it came into being since, and is there; `deleted`: it is not there now;
    `modified`: anything else that may have changed."""
    type: Type | None
    """What is there now; None if nothing is, or if that cannot be known."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A change that events should have reported, and did not."""

    path: bytes
    kind: str
    """`new`, `gone`, `changed` or `replaced`."""


class _Fields(Mapping[str, object]):
    """A JSON object; its fields are also there by name, as those of a mapping."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        self._fields = dict(fields)

    def __getitem__(self, name: str) -> object:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._fields!r})"


class Status(_Fields):
    """The state of a daemon; a mapping of all that `fsmond status --json` prints.

    An attribute raises AnswerError if the answer has no such field, or one of another type.
    """

    @property
    def root(self) -> str:
        """The directory that is watched."""
        return self._field("root", str)

    @property
    def pid(self) -> int:
        """The daemon's process, by its number in its own namespace."""
        return self._field("pid", int)

    @property
    def socket(self) -> str:
        """Where it is asked."""
        return self._field("socket", str)

    @property
    def version(self) -> str:
        """Its version of fsmond."""
        return self._field("version", str)

    @property
    def session(self) -> str:
        """The session of its tokens."""
        return self._field("session", str)

    @property
    def state(self) -> str:
        """`ready`, or what it is doing until it is."""
        return self._field("state", str)

    @property
    def directories(self) -> int:
        """How many directories it knows."""
        return self._field("directories", int)

    @property
    def events(self) -> int:
        """Events received since the start."""
        return self._field("events", int)

    @property
    def queries(self) -> int:
        """Queries answered since the start."""
        return self._field("queries", int)

    @property
    def uptime_seconds(self) -> float:
        """How long it has been running."""
        found: float = self._field("uptime_seconds", (int, float))
        return float(found)

    @property
    def log(self) -> str | None:
        """Its log file; None if it has none."""
        return self._optional("log")

    @property
    def last_error(self) -> str | None:
        """The last error in its log."""
        return self._optional("last_error")

    @property
    def coverage(self) -> dict[str, int]:
        """How many directories are covered by `events`, and by `scan`."""
        found: dict[str, int] = self._field("coverage", dict)
        return found

    @property
    def resyncs(self) -> list[dict[str, object]]:
        """The newest losses of events, each with `time`, `reason` and `detail`."""
        found: list[dict[str, object]] = self._field("resyncs", list)
        return found

    @property
    def history(self) -> dict[str, object]:
        """Whether its history is stored, where, and if not why."""
        found: dict[str, object] = self._field("history", dict)
        return found

    @property
    def cursors(self) -> dict[str, str]:
        """The token of each cursor, by name."""
        found: dict[str, str] = self._field("cursors", dict)
        return found

    def _field(self, name: str, expected: type[_T] | tuple[type[_T], ...]) -> _T:
        found = self.get(name)
        if not isinstance(found, expected) or isinstance(found, bool):
            raise AnswerError(f"status: unexpected {name}: {str(found)[:80]!a}")
        return found

    def _optional(self, name: str) -> str | None:
        return None if self.get(name) is None else self._field(name, str)


class Verification(_Fields):
    """The result of comparing a tree with the daemon's index; a mapping, as JSON has it."""

    def __init__(self, fields: Mapping[str, object], bytes_of: Callable[[str], bytes]) -> None:
        """Take the fields of an answer; raise AnswerError if one is not as it should be.

        `bytes_of` returns a path as bytes.
        """
        super().__init__(fields)
        try:
            self.differences: tuple[Difference, ...] = tuple(
                Difference(bytes_of(each["path"]), each["kind"])
                for each in cast("list[dict[str, str]]", fields["differences"])
            )
            is_valid = all(each.path and isinstance(each.kind, str) for each in self.differences)
            """What events should have reported, and did not."""
            self.directories = int(cast(int, fields["directories"]))
            """How many were compared."""
            self.seconds = float(cast(float, fields["seconds"]))
            """How long that took."""
            self.omitted = int(cast(int, fields.get("omitted", 0)))
            """How many more differences there are."""
        except (AttributeError, KeyError, TypeError, ValueError):
            is_valid = False
        if not is_valid:
            raise AnswerError(f"verify: unexpected answer: {str(dict(fields))[:200]!a}")


def changes_from(fields: Sequence[bytes]) -> list[Change]:
    """Read letters and paths in turn; raise AnswerError if they are none."""
    try:
        return [
            Change(path, _KINDS[letters[:1]], _TYPES[letters[1:]])
            for letters, path in zip(fields[::2], fields[1::2], strict=True)
        ]
    except (KeyError, ValueError) as error:
        raise AnswerError(f"an answer has no kinds: {str(error)[:80]}") from error
