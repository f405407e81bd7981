"""What two records of a directory differ in."""

from enum import Enum
from typing import NamedTuple

from fsmond.index.record import KIND, LINKED, RACY, count, is_restless, unpack

MANY = 50_000  # names in a new directory; if there are more, they are not told one by one


ANY_NAME = b".fsmond"
"""A name that is in no directory, as a rule: told of one whose names are not known.

Git lists a directory anew when a path in it is told, not when the directory is.
"""


class Kind(Enum):
    """What happened to a path."""

    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"
    REPLACED = "replaced"
    """By something of another kind."""


class Difference(NamedTuple):
    """A path that is not as it was; one of a directory ends in `/`."""

    path: bytes
    kind: Kind
    is_certain: bool = True
    """False if it may have changed, and that can't be told."""


def differences(prefix: bytes, before: bytes, now: bytes) -> list[Difference]:
    """Compare two records of the directory whose path, with a `/` behind, is `prefix`.

    A directory in place of a file, or the reverse, is a replacement, and the other name is gone.
    """
    if before == now and not is_restless(before):
        return []
    if prefix and not before and count(now) > MANY:
        # One by one they would take a second, and tell no more.
        names = (b"", unpack(now).names[0])
        return [Difference(prefix + name, Kind.NEW) for name in names]
    old, new = _by_name(before), _by_name(now)
    found = []
    for name, signature in new.items():
        known = old.pop(name, None)
        if known is None:
            kind = Kind.REPLACED if _otherwise(name) in old else Kind.NEW
            found.append(Difference(prefix + name, kind))
        elif (known ^ signature) & ~(RACY | LINKED):
            kind = Kind.REPLACED if (known ^ signature) & KIND else Kind.CHANGED
            found.append(Difference(prefix + name, kind))
        elif known & RACY:
            found.append(Difference(prefix + name, Kind.CHANGED, is_certain=False))
    found += [Difference(prefix + name, Kind.GONE) for name in old]
    return found


def _by_name(record: bytes) -> dict[bytes, int]:
    names, signatures, _ = unpack(record)
    return dict(zip(names, signatures, strict=True))


def _otherwise(name: bytes) -> bytes:
    """Return the name as it is if what has it is a directory, and was none, or the reverse."""
    return name[:-1] if name.endswith(b"/") else name + b"/"
