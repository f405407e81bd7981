"""What runs in the second process: find the directories that differ from their records.

It only says where to look: all that is reported is found by the daemon itself.  Where nothing is
recorded yet, it makes the records.
"""

import gc
import os
import sys
from collections.abc import Iterator

from fsmond.helping.messages import GO, SIZE, Report, decode_job
from fsmond.index.sharing import Job, Made
from fsmond.index.tree import Index

_INPUT, _OUTPUT = 0, 1
_CHUNK = 1 << 20  # bytes read at a time


def main() -> None:
    """Do the job that comes from the standard input; exit if the other process has ended."""
    gc.disable()  # it ends soon, and makes no cycles
    try:
        job = decode_job(_read(SIZE.unpack(_read(SIZE.size))[0]))
        index = index_of(job)
        _read(len(GO))
        for report in reports(job, index):
            _write(report.encode())
    except OSError as error:  # the root is gone, or the daemon
        sys.exit(f"fsmond's helper: {error}")


def index_of(job: Job) -> Index:
    """Return the index of a job; raise OSError if there is no root."""
    index = Index(job.root, job.excluded, job.reserved)
    index.prove_times()
    if job.since is None:
        index.restore(job.records)
    index.since = job.since
    return index


def reports(job: Job, index: Index) -> Iterator[Report]:
    """Compare one part after the other, the last one first: the daemon begins with the first."""
    for number in reversed(range(len(job.parts))):
        yield Report(number, None)
        if job.since is None:
            yield Report(number, list(_changed_in(index, job.parts[number])))
            continue
        report = _made_in(index, number, job.parts[number])
        if index.clock.went_back:
            return  # so times prove nothing: the daemon does the rest, and sees that as well
        yield report


def _changed_in(index: Index, top: bytes) -> Iterator[bytes]:
    for each in index.walk((top,)):
        is_new = bool(index.take_changed().records)
        if is_new or each.differences or each.may_have_had_transient_names or index.is_in_doubt:
            yield each.prefix


def _made_in(index: Index, number: int, top: bytes) -> Report:
    changed, made = [], []
    for each in index.walk((top,)):
        record = index.records.get(each.prefix)
        if record and not index.is_in_doubt:
            made.append(Made(each.prefix, record, each.recent, each.names_changed))
        else:
            changed.append(each.prefix)
    return Report(number, changed, made)


def _read(size: int) -> bytes:
    """Read so many bytes; exit if there are no more."""
    data = bytearray()
    while len(data) < size:
        chunk = os.read(_INPUT, min(size - len(data), _CHUNK))
        if not chunk:
            sys.exit()
        data += chunk
    return bytes(data)


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(_OUTPUT, data) :]
