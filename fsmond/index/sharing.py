"""Which parts of a tree another process can compare with its records, or record; no I/O."""

import heapq
from collections.abc import Mapping
from typing import NamedTuple

from fsmond.index.difference import differences
from fsmond.index.record import UNREAD, has_links
from fsmond.index.tree import Comparison, Index

_PARTS = 64  # about so many: each is a small share of the work, and costs little more
_MIN_DIRECTORIES = 2000  # in fewer, another process gains less than it costs
_SHARE_OF_DIRECTORY = 60  # bytes of a record that cost as much to compare as a directory itself


class Job(NamedTuple):
    """What is to be compared, and with what."""

    root: bytes
    excluded: list[bytes]
    reserved: bytes | None
    """See Index."""
    records: dict[bytes, bytes]
    parts: list[bytes]
    """The prefixes of directories; each is a part, with all that is below it."""
    since: int | None = None
    """If set, there are no records: they are to be made.  See Index."""


class Made(NamedTuple):
    """A record that another process made of a directory; see Comparison for the rest."""

    prefix: bytes
    record: bytes
    recent: list[bytes]
    names_changed: bool


def job_of(index: Index) -> Job | None:
    """Return the parts of a tree that can be compared apart from it; None if it is small."""
    records = dict(index.records)
    parts = split(records) if len(records) >= _MIN_DIRECTORIES else []
    return Job(index.root, index.excluded, index.reserved, records, parts) if parts else None


def adopt(made: Made, index: Index) -> Comparison:
    """Put a record into an index that has none of the directory; return what comparing it would."""
    prefix, record, recent, names_changed = made
    found = differences(prefix, UNREAD, record) if names_changed else []
    index.keep(prefix, record, found)
    return Comparison(prefix, found, [], recent, names_changed, has_links(record))


def split(records: Mapping[bytes, bytes]) -> list[bytes]:
    """Return the prefixes of parts of similar size, in their order; none is within another."""
    sizes: dict[bytes, int] = {}
    children: dict[bytes, list[bytes]] = {}
    for prefix in sorted(records, key=len, reverse=True):  # what is below a directory comes first
        size = sizes[prefix] = sizes.get(prefix, 0) + len(records[prefix]) + _SHARE_OF_DIRECTORY
        if prefix:
            above = prefix[: prefix.rfind(b"/", 0, -1) + 1]
            sizes[above] = sizes.get(above, 0) + size
            children.setdefault(above, []).append(prefix)
    largest = [(-sizes[each], each) for each in children.get(b"", ())]
    heapq.heapify(largest)
    parts: list[bytes] = []
    while largest and len(parts) + len(largest) < _PARTS:
        _, prefix = heapq.heappop(largest)
        for each in children.get(prefix, ()):
            heapq.heappush(largest, (-sizes[each], each))
        if prefix not in children:
            parts.append(prefix)
    return sorted([*parts, *(prefix for _, prefix in largest)])
