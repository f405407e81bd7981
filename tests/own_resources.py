"""What this process has taken of the system."""

import ctypes
import os
import sys

if sys.platform == "win32":
    import win32api
    import win32process


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
        count = ctypes.c_uint32()
        kernel = ctypes.windll.kernel32
        kernel.GetProcessHandleCount(ctypes.c_void_p(-1), ctypes.byref(count))
        return count.value
    return len(os.listdir("/proc/self/fd"))
