"""A file system that answers nothing: a FUSE server that is held up, in a program of its own.

Run as a program: mounts it at the place that is named, says so, and holds it until it is killed.
"""

import ctypes
import os
import struct
import sys

_HEAD = struct.Struct("IIQ")  # of a request: its length, what is asked for, its number
_INIT = 26  # as fuse.h has it
_ROOM = 1 << 17  # bytes of a request


def mount(place: str) -> int:
    """Mount it; return the descriptor by which the kernel asks."""
    asked = os.open("/dev/fuse", os.O_RDWR)
    options = b"fd=%d,rootmode=40000,user_id=0,group_id=0" % asked
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"hanging", os.fsencode(place), b"fuse", 0, options):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return asked


def begin(asked: int) -> None:
    """Answer the first request, which asks for the version; no other one is."""
    _, what, number = _HEAD.unpack_from(os.read(asked, _ROOM))
    assert what == _INIT
    answer = struct.pack("IIIIHHIIHH32x", 7, 31, 65536, 0, 12, 12, 65536, 1, 0, 0)
    os.write(asked, struct.pack("IiQ", 16 + len(answer), 0, number) + answer)


if __name__ == "__main__":
    begin(mount(sys.argv[1]))
    sys.stdout.write("mounted\n")
    sys.stdout.flush()
    sys.stdin.read()
