"""The differences between two records of a directory."""

from enum import Enum
from typing import NamedTuple

from fsmond.index.record import (
    KIND,
    LINKED,
    RACY,
    count,
    is_racy_beside,
    is_uncertain,
    unpack,
)

MANY = 50_000  # names in a new directory; if there are more, they are not reported one by one


ANY_NAME = b".fsmond"
"""A name that no directory normally has: reported in a directory whose names are not known.

Git lists a directory again if a path in it is reported, but not if only the directory itself is.
"""


class Kind(Enum):
    """What happened to a path."""

    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"
    REPLACED = "replaced"
    """By something of another kind, such as a link in place of a file."""


class Difference(NamedTuple):
    """A path that differs from the record; the path of a directory ends in `/`."""

    path: bytes
    kind: Kind
    is_certain: bool = True
    """False if the path may have changed, but that cannot be determined."""


def differences(prefix: bytes, before: bytes, now: bytes) -> list[Difference]:
    """Compare two records of the directory whose path, ending in `/`, is `prefix`.

    If a directory takes the place of a file, or the reverse, the new path is `REPLACED` and the
    old one, which differs by its `/`, is `GONE`.
    """
    if before == now and not is_uncertain(before):
        return []
    if prefix and not before and count(now) > MANY:
        # To report them one by one would take a second and add nothing.
        names = (b"", unpack(now).names[0])
        return [Difference(prefix + name, Kind.NEW) for name in names]
    old, new = _by_name(before), _by_name(now)
    found, racy = [], RACY if is_racy_beside(before, now) else 0
    for name, signature in new.items():
        known = old.pop(name, None)
        if known is None:
            kind = Kind.REPLACED if _as_other_kind(name) in old else Kind.NEW
            found.append(Difference(prefix + name, kind))
        elif (known ^ signature) & ~(RACY | LINKED):
            kind = Kind.REPLACED if (known ^ signature) & KIND else Kind.CHANGED
            found.append(Difference(prefix + name, kind))
        elif known & racy:
            found.append(Difference(prefix + name, Kind.CHANGED, is_certain=False))
    found += [Difference(prefix + name, Kind.GONE) for name in old]
    return found


def _by_name(record: bytes) -> dict[bytes, int]:
    names, signatures, _ = unpack(record)
    return dict(zip(names, signatures, strict=True))


def _as_other_kind(name: bytes) -> bytes:
    """Return the name with its final `/` removed, or with one added."""
    return name[:-1] if name.endswith(b"/") else name + b"/"
