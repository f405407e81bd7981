"""What the two processes say to each other; both run the same code, so the form need not last."""

import marshal
from struct import Struct
from typing import NamedTuple

from fsmond.index.sharing import Job

GO = b"!"
"""Sent once events report all changes: what is read earlier would prove nothing."""
SIZE = Struct("=Q")
"""The size of the job, which follows."""
_HEAD = Struct("=?IQ")  # whether the part is done, its number, the size of what follows


class Report(NamedTuple):
    """That a part was begun, or is done."""

    number: int
    changed: list[bytes] | None
    """The prefixes of directories that must be looked at; None if the part was only begun."""

    def encode(self) -> bytes:
        """Return it as bytes."""
        names = b"\0".join(self.changed or ())
        return _HEAD.pack(self.changed is not None, self.number, len(names)) + names


def encode_job(job: Job) -> bytes:
    """Return a job as bytes, without its size."""
    return marshal.dumps(tuple(job))


def decode_job(data: bytes) -> Job:
    """Read what `encode_job` returned."""
    return Job(*marshal.loads(data))  # noqa: S302 - the daemon made it


def take_reports(received: bytearray) -> list[Report]:
    """Remove the complete reports from what was received, and return them."""
    found, at = [], 0
    while at + _HEAD.size <= len(received):
        is_done, number, size = _HEAD.unpack_from(received, at)
        begin, end = at + _HEAD.size, at + _HEAD.size + size
        if end > len(received):
            break
        names = bytes(received[begin:end])
        found.append(Report(number, (names.split(b"\0") if names else []) if is_done else None))
        at = end
    del received[:at]
    return found
