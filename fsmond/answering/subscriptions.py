"""Answer those who wait for changes, on one thread, whatever their number.

A client that waits holds a token and no queue: what it gets is what changed since then, when it can
take it.  So one that reads slowly costs nothing, and its next answer covers more.  The thread wakes
when a change is recorded, looks at what is new, and keeps for each client when that began and was
last seen: a batch is sent when nothing new came for `settle` seconds, or `max_wait` after it began.
"""

import contextlib
import heapq
import itertools
import json
import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from fsmond.answering.answers import Result
from fsmond.answering.questions import Question
from fsmond.answering.selection import Selection, without_placeholders
from fsmond.journal.token import Token
from fsmond.monitor.monitor import Changes, Monitor
from ipc.deferred import Deferred
from ipc.errors import HungUpError

POLL = 1.0  # seconds between two looks at a tree of which not all changes are reported by events
_RETRY = 0.1  # seconds until the next look, where changes could not be known in time
_GIVE_UP = 10.0  # seconds after which "everything" is the answer to that
_TRANSIENT = ("sync-timeout", "overflow")
_LONGEST = 3600.0  # seconds of sleep; a lock cannot be waited for much longer
_PIECE = 256 << 10  # bytes that may wait for one client
_JOIN_TIMEOUT = 2.0  # seconds

_log = logging.getLogger(__name__)


class Listener:
    """A client that waits; used by the thread alone, once it was added."""

    def __init__(
        self, question: Question, selection: Selection, since: Token, *, once: bool
    ) -> None:
        self.question = question
        self.selection = selection
        self.since = since
        """What the client knows: its next answer is about what changed after it."""
        self.seen = since
        """What was looked at, while a batch is pending."""
        self.is_once = once
        self.wants_everything = False
        """Whether the first answer is everything, at once: the cursor is new."""
        self.deadline = None if question.timeout is None else time.monotonic() + question.timeout
        self.began: float | None = None
        """When the batch that is pending began; None if none is."""
        self.changed = 0.0
        """When something for it was last seen."""
        self.pieces: Iterator[bytes] | None = None
        """What is being sent."""
        self.is_gone = False
        """Set by any thread."""
        self.deferred: Deferred

    def note_news(self, now: float) -> None:
        """Note that something that is wanted changed."""
        self.changed = now
        self.began = now if self.began is None else self.began

    @property
    def due(self) -> float:
        """When the pending batch is to be sent, in seconds of time.monotonic."""
        if self.wants_everything:
            return 0.0
        if self.began is None:
            return math.inf
        return min(self.changed + self.question.settle, self.began + self.question.max_wait)


class Hooks(NamedTuple):
    """What the thread needs of the requests' side."""

    refresh: Callable[[], None]
    """Take in rules by which paths are ignored, if they changed."""
    answer: Callable[[Question, Selection, bytes | None, Changes | None], Result]
    """Make the answer to a question, since a token; of what changed, if that is known."""
    pieces: Callable[[Question, Result, bool], Iterator[bytes]]
    """Give it its form; the flag: more answers may follow."""
    sent: Callable[[Question, bytes], None]
    """Note that an answer with this token was written out."""


class Subscriptions:
    """Has one thread, `fsmond-subscriptions`, started by the first `add` and joined by `stop`."""

    def __init__(self, monitor: Monitor, hooks: Hooks) -> None:
        self._monitor = monitor
        self._hooks = hooks
        self._lock = threading.Lock()  # guards what follows
        self._listeners: dict[Listener, None] = {}
        self._arrivals: list[Listener] = []
        self._thread: threading.Thread | None = None
        self._ended: str | None = None
        self._wakeup = threading.Event()
        # What follows belongs to the thread.  Nothing is pending for those that are quiet: the
        # answer since `_quiet_since` has nothing for them.
        self._quiet: dict[Selection, dict[Listener, None]] = {}
        self._quiet_since: Token | None = None
        self._busy: dict[Listener, None] = {}
        self._deadlines: list[tuple[float, int, Listener]] = []  # a heap
        self._failing_since: float | None = None  # since when changes cannot be known

    def __len__(self) -> int:
        return len(self._listeners)

    def add(self, listener: Listener) -> Deferred:
        """Have a client told; return what its application returns."""
        deferred = listener.deferred = Deferred(
            on_gone=lambda: self._forget(listener), on_sent=self.wake
        )
        with self._lock:
            if self._ended is None:
                self._listeners[listener] = None
                self._arrivals.append(listener)
                self._monitor.on_change(self.wake)
                self._start_locked()
        if self._ended is not None:
            _end(listener, self._ended)
        self.wake()
        return deferred

    def wake(self) -> None:
        """Have the thread look; any thread, never blocks."""
        if not self._wakeup.is_set():
            self._wakeup.set()

    def tick(self) -> None:
        """Have the thread look for what no event reports; to be called about twice a second."""
        if any(selection.needs_rules for selection in list(self._quiet)):
            self.wake()

    def end(self, reason: str) -> None:
        """Have all clients told why there will be no more answers; never blocks.  Repeatable."""
        with self._lock:
            if self._ended is None:
                self._ended = reason
        self.wake()

    def stop(self) -> None:
        """Join the thread, after `end`.  Harmless when repeated."""
        if self._thread is not None:
            self._thread.join(_JOIN_TIMEOUT)

    def _start_locked(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="fsmond-subscriptions", daemon=True
            )
            self._thread.start()

    def _forget(self, listener: Listener) -> None:
        listener.is_gone = True
        with self._lock:
            self._listeners.pop(listener, None)
            if not self._listeners:
                self._monitor.on_change(None)
        self.wake()

    def _run(self) -> None:
        try:
            timeout: float | None = None
            while self._ended is None:
                self._wakeup.wait(timeout)
                self._wakeup.clear()
                if self._ended is None:
                    timeout = self._round()
        except Exception:  # noqa: BLE001 - it is logged, and the clients learn of it
            _log.exception("subscriptions failed")
            self.end("it failed: see the log")
        with self._lock:
            listeners, self._listeners = self._listeners, {}
        for listener in listeners:
            _end(listener, self._ended or "it failed")

    def _round(self) -> float | None:
        """Look at what is new, and send what is due; return the seconds until the next look."""
        self._take_arrivals()
        self._drop_gone()
        busy = (each.selection for each in self._busy)
        if any(selection.needs_rules for selection in itertools.chain(self._quiet, busy)):
            self._hooks.refresh()
        known = self._look_for_busy()
        changes = self._look_for_quiet()
        known = known and not (changes is not None and self._is_unknown(changes))
        now = time.monotonic()
        self._failing_since = None if known else self._failing_since or now
        while self._deadlines and self._deadlines[0][0] <= now:
            listener = heapq.heappop(self._deadlines)[2]
            if listener.pieces is None and not listener.is_gone:
                self._send(listener)
        for listener in list(self._busy):
            if listener.pieces is not None:
                self._send_rest(listener)
            elif listener.due <= now:
                is_fresh = changes is not None and listener.seen is changes.token
                self._send(listener, changes if is_fresh else None)
        return self._timeout(known=known)

    def _timeout(self, *, known: bool) -> float | None:
        nexts = [each.due for each in self._busy if each.pieces is None]
        nexts += [self._deadlines[0][0]] if self._deadlines else []
        now = time.monotonic()
        if not known:
            nexts.append(now + _RETRY)
        if self._monitor.watcher.is_partial and self._listeners:
            nexts.append(now + POLL)
        return min(max(min(nexts) - now, 0.0), _LONGEST) if nexts else None

    def _take_arrivals(self) -> None:
        with self._lock:
            arrivals, self._arrivals = self._arrivals, []
        for listener in arrivals:
            self._busy[listener] = None
            if listener.deadline is not None:
                heapq.heappush(self._deadlines, (listener.deadline, id(listener), listener))

    def _drop_gone(self) -> None:
        if len(self._listeners) == len(self._busy) + sum(map(len, self._quiet.values())):
            return
        for listener in [each for each in self._busy if each.is_gone]:
            del self._busy[listener]
        for selection, listeners in list(self._quiet.items()):
            left = {each: None for each in listeners if not each.is_gone}
            if left:
                self._quiet[selection] = left
            else:
                del self._quiet[selection]
        self._deadlines = [each for each in self._deadlines if not each[2].is_gone]
        heapq.heapify(self._deadlines)

    def _look_for_quiet(self) -> Changes | None:
        """Find out for whom something changed; return what did, None if nothing."""
        since = self._quiet_since
        if not self._quiet or since is None:
            return None
        if self._monitor.is_newest(since) and not self._monitor.watcher.is_partial:
            return None
        changes = self._monitor.query(since)
        if self._is_unknown(changes):
            return changes
        now = time.monotonic()
        for selection in list(self._quiet):
            if _is_wanted(changes, selection, since):
                for listener in self._quiet.pop(selection):
                    listener.seen = changes.token
                    listener.note_news(now)
                    self._busy[listener] = None
        self._quiet_since = changes.token
        return changes

    def _look_for_busy(self) -> bool:
        """Find out for whom of the busy ones more changed; return whether that is known."""
        groups: dict[Token, list[Listener]] = {}
        for listener in self._busy:
            if listener.pieces is None and not listener.wants_everything:
                groups.setdefault(listener.seen, []).append(listener)
        known = True
        for token, group in groups.items():
            changes = self._monitor.query(token)
            if self._is_unknown(changes):
                known = False
            else:
                self._note_news(changes, token, group)
        return known

    def _note_news(self, changes: Changes, since: Token, group: list[Listener]) -> None:
        now, wanted = time.monotonic(), dict[Selection, bool]()
        for listener in group:
            selection = listener.selection
            if selection not in wanted:
                wanted[selection] = _is_wanted(changes, selection, since)
            listener.seen = changes.token
            if wanted[selection]:
                listener.note_news(now)
            elif listener.began is None:
                self._calm(listener, changes.token)

    def _calm(self, listener: Listener, token: Token) -> None:
        """Note that there is nothing for it, as of a token."""
        self._busy.pop(listener, None)
        if self._quiet_since is None or not self._quiet:
            self._quiet_since = token
        # If they are older than the token, more is looked at than is new: that does no harm.
        self._quiet.setdefault(listener.selection, {})[listener] = None

    def _is_unknown(self, changes: Changes) -> bool:
        """Return whether to ask again soon, instead of an answer of everything."""
        if changes.paths is not None or changes.reason not in _TRANSIENT:
            return False
        return self._failing_since is None or time.monotonic() < self._failing_since + _GIVE_UP

    def _send(self, listener: Listener, changes: Changes | None = None) -> None:
        """Answer, unless there is nothing to say and time left.

        `changes`: all that is new for it, if that is known already.
        """
        since = None if listener.wants_everything else bytes(listener.since)
        result = self._hooks.answer(listener.question, listener.selection, since, changes)
        token = Token.parse(result.token)
        assert token is not None
        listener.began, listener.wants_everything, listener.seen = None, False, token
        is_late = listener.deadline is not None and listener.deadline <= time.monotonic()
        if result.is_empty and not (is_late and listener.is_once):
            self._calm(listener, token)
            return
        self._quiet.get(listener.selection, {}).pop(listener, None)
        self._busy[listener] = None
        listener.since = token
        listener.pieces = self._hooks.pieces(listener.question, result, not listener.is_once)
        self._send_rest(listener)

    def _send_rest(self, listener: Listener) -> None:
        """Send what the client can take of its answer."""
        deferred, pieces = listener.deferred, listener.pieces
        assert pieces is not None
        try:
            while deferred.unsent < _PIECE:
                piece = next(pieces, None)
                if piece is None:
                    break
                deferred.reply(piece)
            if deferred.unsent:
                return  # `on_sent` wakes the thread
            listener.pieces = None
            self._hooks.sent(listener.question, bytes(listener.since))
            if listener.is_once:
                self._forget(listener)
                deferred.finish()
            else:
                self._calm(listener, listener.seen)
                self.wake()  # nobody looked for it while it was being sent
        except (HungUpError, ValueError):
            self._forget(listener)


def _is_wanted(changes: Changes, selection: Selection, since: Token) -> bool:
    """Return whether any of the changes is wanted; what is in each answer is none."""
    if changes.paths is None:
        return True
    paths = without_placeholders(changes.paths[: len(changes.paths) - changes.unknown])
    return bool(paths) and selection.select(paths, since.sequence) != []


def _end(listener: Listener, reason: str) -> None:
    """Tell a client why there will be no more answers."""
    last = json.dumps({"end": reason}).encode() + (b"" if listener.is_once else b"\n")
    with contextlib.suppress(HungUpError, ValueError):  # it has gone, or has all of its answer
        listener.deferred.finish(last)
