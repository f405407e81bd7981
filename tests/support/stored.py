"""Small histories to store, each of which is recognized when it is read."""

from fsmond.storage import format as format_
from fsmond.storage.file import (
    HistoryFile,
)

IDENTITY: dict[str, object] = {"path": "/tree", "inode": 7}


def pieces(number: int) -> list[bytes]:
    """Return a transaction."""
    changes = format_.changes([b"%d" % number], [number], [0])
    records = format_.records({b"": b"%d" % number})
    return [*changes, *records, format_.end({"number": number})]


def number_in(file: HistoryFile) -> object:
    """Return which transaction is the last; check that all of it is there."""
    stored = file.read()
    if stored is None:
        return None
    number = stored.state["number"]
    assert isinstance(number, int)
    assert stored.records == {b"": b"%d" % number}
    assert list(stored.sequences)[-1] == b"%d" % number
    return number
