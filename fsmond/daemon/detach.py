"""Leave everything of the parent's behind: its terminal, descriptors, directory, and itself.

The parent waits until this is done: no import that is not needed.
"""

import contextlib
import os
import sys

READY = b"ready\n"
"""What a daemon says when it answers; anything else is why it does not."""

_FIRST, _ALL = 3, 65536  # descriptors that may be the parent's, or its own parent's
_MOST_FILES = 65536  # that may be open at once: more are not needed


def detach() -> None:
    """Go on in a process that is nobody's child, in a session of its own.

    Standard output stays, for `release` to tell the parent what became of us.
    """
    if sys.platform == "win32":
        return  # it is begun like that
    if os.fork():
        os._exit(0)
    os.setsid()
    os.closerange(_FIRST, _ALL)
    _close_high()
    os.chdir("/")
    os.umask(0o077)
    _attend_to_signals()
    raise_limits()
    # Who asked first may have been a job that gives way to all others; those who ask later wait.
    with contextlib.suppress(OSError):
        if os.getpriority(os.PRIO_PROCESS, 0) > 0:
            os.setpriority(os.PRIO_PROCESS, 0, 0)


def release(message: bytes) -> None:
    """Tell the parent, and let go of the last that was its own."""
    with contextlib.suppress(OSError):  # it may be gone, or have lost its patience
        os.write(1, message)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def raise_limits() -> None:
    """Take all that the system allows us: a parent that limits itself does not mean us."""
    if sys.platform == "win32":
        return
    import resource

    endless, files = resource.RLIM_INFINITY, resource.RLIMIT_NOFILE
    for kind in (files, resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_FSIZE):
        soft, hard = resource.getrlimit(kind)
        wanted = hard
        if kind == files and not 0 <= hard <= _MOST_FILES:
            wanted = _MOST_FILES
        if soft != endless and (wanted == endless or soft < wanted):
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(kind, (wanted, hard))


def _close_high() -> None:
    """Close what has a number beyond those that are closed at once: a limit may be a million."""
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc/self/fd" if sys.platform == "linux" else "/dev/fd"):
            if int(name) >= _ALL:
                with contextlib.suppress(OSError):
                    os.close(int(name))


def _attend_to_signals() -> None:
    """Let no signal be blocked or ignored: both are inherited.  Python ignores two by itself."""
    if sys.platform == "win32":
        return
    import _signal  # `signal` takes 3 ms

    _signal.pthread_sigmask(_signal.SIG_SETMASK, ())
    kept = {_signal.SIGKILL, _signal.SIGSTOP, _signal.SIGPIPE, _signal.SIGXFSZ}
    for number in _signal.valid_signals() - kept:
        if _signal.getsignal(number) != _signal.SIG_DFL:
            _signal.signal(number, _signal.SIG_DFL)
