"""A second process that watches and lists directories, on another processor if there is one.

It is a fork with the same queue, so a watch of its is one of ours.  All that is known of a
directory stays with us: it only says what it found where we asked it to look.
"""

import sys

assert sys.platform == "linux"

import contextlib
import errno
import marshal
import os
import select
import signal
import socket
import time
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from fsmond.watching.inotify.directory import Directory
from fsmond.watching.inotify.mounts import Mounts
from fsmond.watching.inotify.new_directories import NewDirectories
from fsmond.watching.inotify.opening import proc_path
from fsmond.watching.inotify.source import Source

_MAX_MESSAGE = 1 << 18  # bytes; the kernel takes less, unless its defaults were changed
_MAX_NAMES = 5000  # in a directory; one with more is listed by us, in steps
_MAX_LENGTH = 4000  # bytes of a path; the kernel takes up to 4095
_LISTING = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_END_TIMEOUT = 1.0  # seconds to reap it, once killed
_REAP_INTERVAL = 0.001  # seconds


class Child(NamedTuple):
    """A directory in a listed one: it is watched now, and was watched nowhere before."""

    name: bytes
    descriptor: int
    sample_name: bytes | None
    is_leaf: bool
    """Whether it was listed as well: there are no directories in it."""


class Listing(NamedTuple):
    """What is in a directory."""

    sample_name: bytes | None
    children: Sequence[Child]
    others: Sequence[bytes]
    """The names of directories for which the rules of Coverage have to be followed."""


class Look(NamedTuple):
    """A directory to be listed, by its watch descriptor and its path below the root."""

    descriptor: int
    prefix: bytes


class ListingProcess:
    """The process; used with the watcher's lock held, but for `stop`."""

    def __init__(
        self, base: bytes, queue: Source, excluded: frozenset[bytes], mounts: Mounts
    ) -> None:
        """Fork; only for a process with one thread.  Raise OSError.

        `base`: the root, an absolute path that ends in `/`.
        """
        self._channel, its_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._pid = os.fork()
        except OSError:
            self._channel.close()
            its_end.close()
            raise
        if not self._pid:
            _run_and_exit(its_end, _Lister(base, queue, excluded, mounts))
        its_end.close()
        self._channel.setblocking(False)
        self._readiness = select.poll()
        self._readiness.register(self._channel, select.POLLIN)

    def ask(self, looks: Sequence[Look]) -> None:
        """Have directories listed; each is answered once.  Raise OSError."""
        self._channel.send(marshal.dumps([tuple(each) for each in looks]))

    def answer(self, timeout: float) -> tuple[int, Listing | None] | None:
        """Return an answer, if there is one within so many seconds; None if there is none.

        It is a watch descriptor and what is in that directory; None if it is not at its place, or
        cannot be listed here.  Raise OSError if the process has ended.
        """
        if timeout:
            self._readiness.poll(timeout * 1000)
        try:
            data = self._channel.recv(_MAX_MESSAGE)
        except BlockingIOError:
            return None
        if not data:
            raise ConnectionResetError("the second process has ended")
        try:
            descriptor, found = marshal.loads(data)  # noqa: S302 - our own fork made it
            return descriptor, None if found is None else _listing(*found)
        except (ValueError, EOFError, TypeError) as error:
            raise OSError(errno.EBADMSG, os.strerror(errno.EBADMSG)) from error

    def stop(self) -> None:
        """End the process, and free everything; a file system may hold it up for longer."""
        self._channel.close()
        deadline = time.monotonic() + _END_TIMEOUT
        with contextlib.suppress(OSError):  # somebody reaps all children
            os.kill(self._pid, signal.SIGKILL)
            while os.waitpid(self._pid, os.WNOHANG)[0] == 0 and time.monotonic() < deadline:
                time.sleep(_REAP_INTERVAL)


def _listing(
    sample_name: bytes | None,
    children: list[tuple[bytes, int, bytes | None, bool]],
    others: list[bytes],
) -> Listing:
    return Listing(sample_name, [Child(*each) for each in children], others)


class _Lister:
    """What runs in the process."""

    def __init__(
        self, base: bytes, queue: Source, excluded: frozenset[bytes], mounts: Mounts
    ) -> None:
        self._base = base
        self.queue = queue
        self._found: dict[int, Directory] = {}  # the directories in the one that is listed
        self._paths: dict[Directory, bytes] = {}
        self._new = NewDirectories(queue, self._found, self._paths, excluded, mounts)

    def listing(self, look: Look) -> Listing | None:
        """Return what is in a directory, and watch the directories in it."""
        if len(look.prefix) > _MAX_LENGTH - len(self._base):
            return None
        try:
            handle = os.open(self._base + look.prefix, _LISTING)
        except OSError:
            return None
        try:
            # Another directory may be there by now; then its watch is one that nobody knows.
            if self.queue.watch(proc_path(handle) + b".") != look.descriptor:
                return None
            directory = Directory(look.descriptor, self._paths)
            directory.name = look.prefix
            return self._read(handle, directory)
        except OSError:
            return None
        finally:
            os.close(handle)
            self._found.clear()
            self._paths.clear()

    def _read(self, handle: int, directory: Directory) -> Listing | None:
        names: list[bytes] = []
        sample_name = None
        with os.scandir(handle) as entries:
            for count, entry in enumerate(entries):
                if count == _MAX_NAMES:
                    return None
                if entry.is_dir(follow_symlinks=False):
                    names.append(os.fsencode(entry.name))
                elif sample_name is None:
                    sample_name = os.fsencode(entry.name)
        children, others = [], []
        for name in names:
            new = self._new.survey(handle, directory, name)
            if new is None:
                others.append(name)
            else:
                found, is_leaf = new
                children.append(Child(name, found.descriptor, found.sample_name, is_leaf))
        return Listing(sample_name, children, others)


def _run_and_exit(channel: socket.socket, lister: _Lister) -> NoReturn:
    try:
        _leave_the_parent({channel.fileno(), *lister.queue.filenos})
        while data := channel.recv(_MAX_MESSAGE):
            for each in marshal.loads(data):  # noqa: S302 - the parent made it
                look = Look(*each)
                _reply(channel, look.descriptor, lister.listing(look))
    finally:
        os._exit(0)  # whatever happened: the parent sees the end, and goes on alone


def _reply(channel: socket.socket, descriptor: int, found: Listing | None) -> None:
    fields = None
    if found is not None:
        fields = found.sample_name, [tuple(each) for each in found.children], list(found.others)
    try:
        channel.send(marshal.dumps((descriptor, fields)))
    except OSError as error:
        if error.errno != errno.EMSGSIZE:
            raise
        channel.send(marshal.dumps((descriptor, None)))


def _leave_the_parent(kept: set[int]) -> None:
    """Give up what a fork has of its parent: signals' handlers, and all other descriptors."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in kept:
            with contextlib.suppress(OSError):  # the listing's own
                os.close(int(name))
