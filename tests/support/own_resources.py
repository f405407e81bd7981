"""The system resources that this process uses."""

import ctypes
import os
import sys

if sys.platform == "win32":
    import win32api
    import win32process

_HIGHEST = 0x8000  # handles are multiples of four, and the low numbers are used first


def resident() -> int:
    """Return the memory of this process in KiB."""
    if sys.platform == "win32":
        counters = win32process.GetProcessMemoryInfo(win32api.GetCurrentProcess())
        return int(counters["WorkingSetSize"]) // 1024
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def descriptors() -> int:
    """Return how many files this process has open; on Windows, all handles."""
    if sys.platform == "win32":
        # GetProcessHandleCount returns 0 under Wine.
        get_flags, flags = ctypes.windll.kernel32.GetHandleInformation, ctypes.c_uint32()
        handles = map(ctypes.c_void_p, range(4, _HIGHEST, 4))
        return sum(get_flags(handle, ctypes.byref(flags)) != 0 for handle in handles)
    return len(os.listdir("/proc/self/fd"))
