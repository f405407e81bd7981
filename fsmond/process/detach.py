"""Detach from the parent: leave its session, terminal, descriptors and directory.

The parent waits until this is done: no import that is not needed.
"""

import contextlib
import os
import sys

READY = b"ready\n"
"""What a daemon writes when it answers; any other output says why it does not."""

_FIRST_INHERITED = 3  # descriptors from here on may be the parent's, or its own parent's
_FIRST_HIGH = 65536  # descriptors below are closed by one call; from here on, one by one
_MAX_FILES = 65536  # open files: more are not needed


def detach() -> None:
    """Continue in an orphan process, in a session of its own.

    Standard output stays open, so that `report_to_parent` can report the outcome.
    """
    if sys.platform == "win32":
        return  # it is started detached
    if os.fork():
        os._exit(0)
    os.setsid()
    os.closerange(_FIRST_INHERITED, _FIRST_HIGH)
    _close_high_descriptors()
    os.chdir("/")
    os.umask(0o077)
    _reset_signals()
    raise_limits()
    # The parent may be a job of low priority; the clients that come later need not be.
    with contextlib.suppress(OSError):
        if os.getpriority(os.PRIO_PROCESS, 0) > 0:
            os.setpriority(os.PRIO_PROCESS, 0, 0)


def report_to_parent(message: bytes) -> None:
    """Report to the parent, then close the last descriptors that were its own."""
    with contextlib.suppress(OSError):  # it may have ended, or stopped waiting
        os.write(1, message)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)


def raise_limits() -> None:
    """Raise the resource limits as far as allowed: the parent's own are not meant for a daemon."""
    if sys.platform == "win32":
        return
    import resource

    unlimited, files = resource.RLIM_INFINITY, resource.RLIMIT_NOFILE
    for kind in (files, resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_FSIZE):
        soft, hard = resource.getrlimit(kind)
        wanted = hard
        if kind == files and not 0 <= hard <= _MAX_FILES:
            wanted = _MAX_FILES
        if soft != unlimited and (wanted == unlimited or soft < wanted):
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(kind, (wanted, hard))


def _close_high_descriptors() -> None:
    """Close the descriptors from _FIRST_HIGH on, by a listing: the limit may be a million."""
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc/self/fd" if sys.platform == "linux" else "/dev/fd"):
            if int(name) >= _FIRST_HIGH:
                with contextlib.suppress(OSError):
                    os.close(int(name))


def _reset_signals() -> None:
    """Unblock all signals, and restore their defaults: a process inherits both settings.

    SIGPIPE and SIGXFSZ stay ignored, as Python sets them.
    """
    if sys.platform == "win32":
        return
    import _signal  # `signal` takes 3 ms

    _signal.pthread_sigmask(_signal.SIG_SETMASK, ())
    exempt = {_signal.SIGKILL, _signal.SIGSTOP, _signal.SIGPIPE, _signal.SIGXFSZ}
    for number in _signal.valid_signals() - exempt:
        if _signal.getsignal(number) != _signal.SIG_DFL:
            _signal.signal(number, _signal.SIG_DFL)
