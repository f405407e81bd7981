"""What is told of a file.

Each field's meaning and unit is at https://facebook.github.io/watchman/docs/cmd/query; all come
from what is remembered, but for `symlink_target`, which reads the link, and `content.sha1hex`,
which reads the file.
"""

import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple

from fsmond.watchman.errors import query_error
from fsmond.watchman.query.hashes import Hashes
from fsmond.watchman.trees.entry import Entry
from fsmond.watchman.wire.values import Rows, Scalar, Value

NAME = "name"
QUERY_DEFAULTS = (NAME, "exists", "new", "size", "mode")
SINCE_DEFAULTS = (
    *("name", "exists", "size", "mode", "uid", "gid", "mtime", "ctime"),
    *("ino", "dev", "nlink", "new", "cclock", "oclock"),
)
_UNITS = {"": 1_000_000_000, "_ms": 1_000_000, "_us": 1000, "_ns": 1}  # nanoseconds
_LETTERS = {
    stat.S_IFREG: "f",
    stat.S_IFDIR: "d",
    stat.S_IFLNK: "l",
    stat.S_IFBLK: "b",
    stat.S_IFCHR: "c",
    stat.S_IFIFO: "p",
    stat.S_IFSOCK: "s",
}


class Found(NamedTuple):
    """What a query found, and what the fields need to know besides."""

    entries: Sequence[Entry]
    names: Sequence[bytes]
    """Of the entries, relative to the query's root."""
    new_after: int
    """What was created after this tick is new."""
    clock: str
    directory: bytes
    """The tree's root, with a final slash."""
    hashes: Hashes


_Column = Callable[[Found], "Sequence[Scalar | Mapping[str, Scalar]]"]


def check(fields: object) -> tuple[str, ...]:
    """Return the names of fields that a client wants; raise CommandError."""
    if not isinstance(fields, list) or not fields:
        raise query_error("field list must be an array of strings, and not empty")
    for each in fields:
        if not isinstance(each, str) or each not in _COLUMNS:
            raise query_error(f"unknown field name '{str(each)[:80]}'")
    return tuple(dict.fromkeys(fields))


def names() -> Iterable[str]:
    """Return the names of all fields."""
    return _COLUMNS


def render(found: Found, fields: Sequence[str]) -> Value:
    """Return the files: objects, or bare values if there is one field."""
    if len(fields) == 1:
        return list(_COLUMNS[fields[0]](found))
    return Rows(tuple(fields), tuple(_COLUMNS[field](found) for field in fields))


def _of_entry(name: str) -> _Column:
    of_entry = attrgetter(name)
    return lambda found: list(map(of_entry, found.entries))


def _time(name: str, unit: int) -> _Column:
    of_entry = attrgetter(name)
    return lambda found: [of_entry(each) // unit for each in found.entries]


def _time_as_float(name: str) -> _Column:
    of_entry = attrgetter(name)
    return lambda found: [of_entry(each) / _UNITS[""] for each in found.entries]


def _names(found: Found) -> Sequence[bytes]:
    return found.names


def _new(found: Found) -> list[Scalar]:
    return [each.created > found.new_after for each in found.entries]


def _type(found: Found) -> list[Scalar]:
    return [_LETTERS.get(stat.S_IFMT(each.mode), "?") for each in found.entries]


def _clock(name: str) -> _Column:
    of_entry = attrgetter(name)

    def column(found: Found) -> list[Scalar]:
        beginning = found.clock[: found.clock.rfind(":") + 1]
        return [f"{beginning}{of_entry(each)}" for each in found.entries]

    return column


def _symlink_target(found: Found) -> list[Scalar]:
    return [
        _target(found.directory + each.path) if stat.S_ISLNK(each.mode) and each.exists else None
        for each in found.entries
    ]


def _target(path: bytes) -> bytes | None:
    try:
        return os.readlink(path)
    except OSError:
        return None  # it is gone since, and will be reported again


def _sha1(found: Found) -> "list[Scalar | Mapping[str, Scalar]]":
    return [found.hashes.of(found.directory + each.path, each) for each in found.entries]


_COLUMNS: dict[str, _Column] = {
    NAME: _names,
    "exists": _of_entry("exists"),
    "new": _new,
    "type": _type,
    "mode": _of_entry("mode"),
    "uid": _of_entry("uid"),
    "gid": _of_entry("gid"),
    "ino": _of_entry("ino"),
    "dev": _of_entry("dev"),
    "nlink": _of_entry("nlink"),
    "size": _of_entry("size"),
    **{
        f"{name}{suffix}": _time(name, unit)
        for name in ("mtime", "ctime")
        for suffix, unit in _UNITS.items()
    },
    "mtime_f": _time_as_float("mtime"),
    "ctime_f": _time_as_float("ctime"),
    "cclock": _clock("created"),
    "oclock": _clock("changed"),
    "symlink_target": _symlink_target,
    "content.sha1hex": _sha1,
}
