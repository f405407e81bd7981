"""What the two processes say to each other; both run the same code, so the form need not last."""

import marshal
from collections.abc import Sequence
from struct import Struct
from typing import NamedTuple

from fsmond.index.sharing import Job, Made

GO = b"!"
"""Sent once events report all changes: what is read earlier would prove nothing."""
SIZE = Struct("=Q")
"""The size of a job or a report, which follows."""


class Report(NamedTuple):
    """That a part was begun, or is done."""

    number: int
    changed: list[bytes] | None
    """The prefixes of directories that must be looked at; None if the part was only begun."""
    made: Sequence[Made] = ()
    """The records that were made; their directories need not be looked at."""

    def encode(self) -> bytes:
        """Return it as bytes."""
        data = marshal.dumps((self.number, self.changed, [tuple(each) for each in self.made]))
        return SIZE.pack(len(data)) + data


def encode_job(job: Job) -> bytes:
    """Return a job as bytes, without its size."""
    return marshal.dumps(tuple(job))


def decode_job(data: bytes) -> Job:
    """Read what `encode_job` returned."""
    return Job(*marshal.loads(data))  # noqa: S302 - the daemon made it


def take_reports(received: bytearray) -> list[Report]:
    """Remove the complete reports from what was received, and return them."""
    found, at = [], 0
    while at + SIZE.size <= len(received):
        begin = at + SIZE.size
        end = begin + SIZE.unpack_from(received, at)[0]
        if end > len(received):
            break
        number, changed, made = marshal.loads(received[begin:end])  # noqa: S302 - see encode
        found.append(Report(number, changed, [Made(*each) for each in made]))
        at = end
    del received[:at]
    return found
