"""A file system that never responds: a FUSE server that hangs.

Run as a program, it mounts the file system at the path in its argument, prints "mounted", and keeps
it until it is killed.
"""

import ctypes
import os
import struct
import sys

_HEAD = struct.Struct("IIQ")  # of a request: its length, operation, number
_INIT = 26  # in fuse.h
_BUFFER_SIZE = 1 << 17  # bytes of a request


def mount(place: str) -> int:
    """Mount it; return the descriptor for the kernel's requests."""
    requests = os.open("/dev/fuse", os.O_RDWR)
    options = b"fd=%d,rootmode=40000,user_id=0,group_id=0" % requests
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"hanging", os.fsencode(place), b"fuse", 0, options):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return requests


def begin(requests: int) -> None:
    """Answer the first request, which negotiates the version, and no other."""
    _, operation, number = _HEAD.unpack_from(os.read(requests, _BUFFER_SIZE))
    assert operation == _INIT
    answer = struct.pack("IIIIHHIIHH32x", 7, 31, 65536, 0, 12, 12, 65536, 1, 0, 0)
    os.write(requests, struct.pack("IiQ", 16 + len(answer), 0, number) + answer)


if __name__ == "__main__":
    begin(mount(sys.argv[1]))
    sys.stdout.write("mounted\n")
    sys.stdout.flush()
    sys.stdin.read()
