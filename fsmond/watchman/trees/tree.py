"""One directory that clients watch: what is remembered of it, and its clock."""

import bisect
import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import NamedTuple

from fsmond.client import Client
from fsmond.errors import Error, PathError
from fsmond.protocol import FSMOND, Answer, daemon_name
from fsmond.watchman.errors import CommandError, RootError
from fsmond.watchman.trees import clocks, config
from fsmond.watchman.trees.clocks import Since
from fsmond.watchman.trees.entry import Entry, unknown
from fsmond.watchman.trees.stored import Stored, load, save
from fsmond.watchman.trees.view import View

_log = logging.getLogger(__name__)
_Generate = Callable[[View], Iterable[Entry] | None]
SYNC_TIMEOUT = 60.0  # seconds; Watchman's default
_TRANSIENT = ("sync-timeout", "overflow")  # the reasons of answers that are exact soon after
_RETRY = 0.1  # seconds until the daemon is asked again then
_SAVE_TIMEOUT = 2.0  # seconds
_MAX_SESSIONS = 100  # of the daemon, one after the other, whose tokens are known; as there
_MAX_TIMES = 10_000  # ticks of which the time is known
_ALL_NEW = -1  # a tick before all others
_SETTLE_PAUSE = 0.01  # seconds between two looks whether a tree is quiet


class Look(NamedTuple):
    """What changed since a point in time, or everything."""

    clock: str
    is_fresh: bool
    """Whether there was no such point in time, so that these are the files that exist."""
    new_after: int
    """What was created after this tick is new."""
    entries: list[Entry]


class Tree:
    """Thread-safe.  Asks fsmond's daemon, which is started when it is needed."""

    def __init__(self, path: str, store: str | None = None) -> None:
        """Raise RootError if it cannot be watched.  `store`: the file for what is remembered."""
        self.path = path
        self.root = os.fsencode(path)
        self.config = config.read(self.root)
        self.client, self._prefix = _client_for(path)
        self._lock = threading.Lock()  # guards all that follows
        self._view = View(self.client.place.root, self._prefix)
        self._token: str | None = None  # of what the view has taken in
        self._tick = 0
        self._sessions: dict[str, None] = {}  # of tokens that can be compared with the view
        self._times: list[tuple[float, int]] = []  # when which tick was reached
        self._store = store
        if store is not None:
            self._restore(store)

    def clock(self, sync_timeout: float | None = None) -> str:
        """Return the clock; see `look`."""
        with self._lock:
            self._sync(sync_timeout)
            return self._clock()

    def look(
        self,
        since: Since | None,
        sync_timeout: float | None,
        generate: _Generate,
        *,
        empty_if_fresh: bool = False,
    ) -> Look:
        """Return what changed since a point in time, or all that is there if that is not known.

        `sync_timeout`: seconds to wait until all changes so far are known; None: do not wait.
        `generate` returns what is looked at besides what changed, or instead of all; None if
        nothing is.  `empty_if_fresh`: return nothing instead of all.  Raise CommandError.
        """
        with self._lock:
            self._sync(sync_timeout)
            if since is not None and since.cursor is not None:
                since = self._moved_cursor(since.cursor)
            tick = self._tick_of(since)
            if tick is None and since is not None and since.token is not None:
                told = self._from_daemon(since.token)
                if told is not None:
                    return self._look(told, generate, new_after=0)
            if tick is not None:
                return self._look(self._view.since(tick), generate, new_after=tick)
            if empty_if_fresh:
                return Look(self._clock(), True, _ALL_NEW, [])
            named = generate(self._view)
            entries = self._view.existing() if named is None else _once(named)
            return Look(self._clock(), True, _ALL_NEW, self._wanted(entries))

    def tick_of(self, since: Since) -> int | None:
        """Return the tick of a point in time; None if it is not known what changed since."""
        with self._lock:
            return self._tick_of(since)

    def await_quiet(self, period: float, timeout: float) -> None:
        """Wait until nothing changes for `period` seconds; raise CommandError after `timeout`."""
        deadline = time.monotonic() + timeout
        before, quiet_since = "", 0.0
        while True:
            now, clock = time.monotonic(), self.clock(timeout)
            if clock != before:
                before, quiet_since = clock, now
            elif now - quiet_since >= period:
                return
            if now > deadline:
                raise CommandError(f"the tree did not settle within {timeout:g} seconds")
            time.sleep(min(_SETTLE_PAUSE, period))

    def take_in(self, since: str | None, answer: Answer) -> bool:
        """Take in what the daemon reported since a token; return False if more is missing.

        That is the case if something else was taken in since that token.
        """
        with self._lock:
            if self._token is None or self._token != since or answer.everything:
                return False
            self._take(answer)
            return True

    def save(self) -> None:
        """Store what is remembered, unless the daemon is being waited for."""
        if self._store is None or not self._lock.acquire(timeout=_SAVE_TIMEOUT):
            return
        try:
            if self._token is not None:
                view, sessions = self._view, tuple(self._sessions)
                stored = Stored(self._token, self._tick, view.base, sessions, view.snapshot())
                save(self._store, stored)
        finally:
            self._lock.release()

    def forget(self) -> None:
        """Look at everything again, and answer what is older with all that is there."""
        with self._lock:
            self._token = None

    @property
    def token(self) -> str | None:
        """The token of what was taken in; None if nothing was yet."""
        return self._token

    def files(self) -> int:
        """Return how many files are remembered."""
        return len(self._view)

    def _restore(self, store: str) -> None:
        stored = load(store)
        if stored is not None:
            self._view.restore(stored.entries, stored.base)
            self._token, self._tick = stored.token, stored.tick
            self._sessions.update(dict.fromkeys(stored.sessions))

    def _look(self, changed: list[Entry], generate: _Generate, *, new_after: int) -> Look:
        named = generate(self._view)
        entries = changed if named is None else _once(chain(changed, named))
        return Look(self._clock(), False, new_after, self._wanted(entries))

    def _clock(self) -> str:
        return clocks.clock_of(self._token or "", self.root)

    def _wanted(self, entries: Iterable[Entry]) -> list[Entry]:
        beginnings, is_ignored = self.config.beginnings, self.config.is_ignored
        return [
            each
            for each in entries
            if not (each.path.startswith(beginnings) and is_ignored(each.path))
        ]

    def _tick_of(self, since: Since | None) -> int | None:
        if since is None:
            return None
        if since.time is not None:
            at = bisect.bisect_left(self._times, (since.time,))
            return self._times[at - 1][1] if at else self._view.base - 1
        session, _, sequence = (since.token or "").removeprefix("fsmond:").partition(":")
        if session not in self._sessions or not self._view.base <= int(sequence) <= self._tick:
            return None
        return int(sequence)

    def _moved_cursor(self, name: str) -> Since:
        """Return where a cursor stands, and have it stand here."""
        # The daemon keeps it; other trees below its root have others, and names have any form.
        key = (
            f"watchman.{hashlib.sha256(self.root + name.encode(errors='replace')).hexdigest()[:40]}"
        )
        with _translated(self.path):
            token = self.client.cursors().get(key)
            self.client.move_cursor(key, self._token or "")
        return Since(token)

    def _from_daemon(self, token: str) -> list[Entry] | None:
        """Return what changed since a token that is older than the view; None if all may have.

        What was in a directory that is gone nobody knows then.
        """
        with _translated(self.path):
            answer = self.client.query(token, kinds=True)
        if answer.changes is None:
            return None
        found = []
        for change in answer.changes:
            path = change.path
            if self._prefix.startswith(path.rstrip(b"/") + b"/"):
                return None  # the directory itself
            if not path.startswith(self._prefix):
                continue
            if path.endswith(b"/"):
                return None
            path = path.removeprefix(self._prefix)
            entry = self._view.get(path)
            if entry is None and change.kind != "deleted":
                continue  # it came after what was taken in: the next look has it
            entry = entry or unknown(path, self._tick)
            found.append(entry._replace(created=1 if change.kind == "created" else 0))
        return found

    def _sync(self, timeout: float | None) -> None:
        """Have the view take in what changed so far."""
        if timeout is None and self._token is not None:
            return
        if not os.path.isdir(self.root):
            raise RootError(self.path, f"directory {self.path} is not watched: it is gone")
        deadline = time.monotonic() + (timeout or SYNC_TIMEOUT)
        while True:
            with _translated(self.path):
                reply = self.client.changes(self._token)
            if self._token is not None and reply == self._token.encode() + b"\0":
                return
            answer = Answer.from_wire(reply)
            if answer.daemon != FSMOND:
                who = daemon_name(answer.daemon)
                raise CommandError(
                    f"{who} is watching {self.path}; to replace it: fsmond start --replace"
                )
            if not (answer.everything and answer.reason in _TRANSIENT):
                break
            if time.monotonic() > deadline:
                raise CommandError(f"synchronization failed: {answer.reason}; see `fsmond log`")
            _log.info("%s: the daemon answers %s, and is asked again", self.path, answer.reason)
            time.sleep(_RETRY)
        self._take(answer)

    def _take(self, answer: Answer) -> None:
        _, session, sequence = answer.token.split(":")
        if answer.paths is None:
            self._tick = int(sequence)
            self._sessions.clear()
            self._times.clear()
            self._view.build(self._tick)
        else:
            paths = list(_below(answer.paths, self._prefix))
            # Changes that are reported before their token have to be told once more.
            self._tick = max(int(sequence), self._tick + bool(paths))
            self._view.update(paths, self._tick)
        self._token = answer.token
        self._sessions[session] = None
        if len(self._sessions) > _MAX_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        self._times.append((time.time(), self._tick))
        if len(self._times) > _MAX_TIMES:
            del self._times[: _MAX_TIMES // 2]


def _client_for(path: str) -> tuple[Client, bytes]:
    """Return what asks the daemon for a directory, and where that is in the daemon's tree."""
    with _translated(path):
        client = Client(path, timeout=SYNC_TIMEOUT)
    root, directory = client.place.root, os.fsencode(path)
    if directory == root:
        return client, b""
    prefix = directory[len(root.rstrip(b"/")) + 1 :] + b"/"
    if b"/.git/" in b"/" + prefix:
        raise RootError(path, "what is in a git directory is not watched")
    return client, prefix


def _once(entries: Iterable[Entry]) -> list[Entry]:
    return list({entry.path: entry for entry in entries}.values())


def _below(paths: Iterable[bytes], prefix: bytes) -> Iterator[bytes]:
    """Yield the paths below a prefix, relative to it; b"" stands for all of it."""
    for path in paths:
        if path.startswith(prefix):
            yield path[len(prefix) :]
        elif path.endswith(b"/") and prefix.startswith(path):
            yield b""


@contextmanager
def _translated(path: str) -> Iterator[None]:
    """Have fsmond's errors be those of a command."""
    try:
        yield
    except PathError as error:
        raise RootError(path, f"directory {path} is not watched: {error}") from error
    except Error as error:
        raise CommandError(f"{path}: {error}") from error
