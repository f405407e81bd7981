"""What one client subscribed to."""

import os
import threading
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from fsmond.watchman.errors import CommandError, query_error
from fsmond.watchman.query import specification
from fsmond.watchman.query.hashes import Hashes
from fsmond.watchman.query.run import Result, run
from fsmond.watchman.query.specification import Query
from fsmond.watchman.trees import clocks
from fsmond.watchman.watches.watch import Watch
from fsmond.watchman.wire.framing import Encoding
from fsmond.watchman.wire.values import Value

_LOCKS = (b".hg/wlock", b".git/index.lock")  # there while a version control system works
_MAX_STATES = 1000  # that were entered or left, and of which a client was not told yet


class Sender(Protocol):
    """The client's connection."""

    def wake(self) -> None:
        """Have it ask its subscriptions what is to be sent; any thread, must not block."""


class Options(NamedTuple):
    """What a subscription has besides its query."""

    defer: tuple[str, ...]
    drop: tuple[str, ...]
    defer_vcs: bool


class Subscription:
    """Its messages are made by the connection's sending thread; see Listener for the rest."""

    def __init__(
        self, name: str, watch: Watch, spec: Mapping[str, object], how: Encoding, sender: Sender
    ) -> None:
        self.name = name
        self.watch = watch
        self.encoding = how
        self._sender = sender
        self._options = _options(spec)
        self._query: Query = specification.read(
            spec, watch.tree.root, case_sensitive=watch.tree.config.case_sensitive
        )
        self._since = self._query.since
        self._clock: str | None = None  # of the last message
        self._states: list[Mapping[str, Value]] = []
        # Held while messages are made: by the sending thread, and by one that flushes.  Guards the
        # query, and up to where was told.
        self._lock = threading.Lock()
        self._is_due = True
        self._has_to_ask = True
        """Whether what changed may not have been taken in."""
        self._is_cancelled = False
        self.is_paused = False
        """Whether changes are not told of until they are flushed; for tests of clients."""

    @property
    def is_ended(self) -> bool:
        """Whether nothing will be sent any longer, once its messages were."""
        return self._is_cancelled

    @property
    def waits_for_lock(self) -> bool:
        """Whether it has to be asked again although nothing changes."""
        return self._is_due and not self.is_paused and self._is_locked()

    def note_change(self) -> None:
        """See Listener."""
        self._is_due = True
        self._sender.wake()

    def note_failure(self) -> None:
        """See Listener."""
        self._has_to_ask = True
        self.note_change()

    def note_state(self, fields: Mapping[str, Value]) -> None:
        """See Listener."""
        if len(self._states) < _MAX_STATES:
            self._states.append(fields)
        self._sender.wake()

    def cancel(self) -> None:
        """See Listener."""
        self._is_cancelled = True
        self._sender.wake()

    def messages(self, hashes: Hashes) -> list[dict[str, Value]]:
        """Return what is to be sent now."""
        with self._lock:
            found = self._of_states()
            while self._is_due and not (self._is_cancelled or self.is_paused or self._is_held()):
                before = self._since, self._clock
                changes = self._changes(hashes)
                if not self._states or self._is_cancelled:
                    return [*found, *changes]
                # A state was entered or left meanwhile: it decides what is told.
                self._since, self._clock = before
                self._is_due = True
                found += self._of_states()
            return [*found, self._message({"canceled": True})] if self._is_cancelled else found

    def _of_states(self) -> list[dict[str, Value]]:
        """Return what is to be sent about states."""
        found = []
        while self._states:
            fields = self._states.pop(0)
            found.append(self._message(fields))
            left = fields.get("state-leave")
            if isinstance(left, str) and left in self._options.drop:
                self._skip(str(fields.get("clock")))
        return found

    def flush(self, hashes: Hashes, sync_timeout: float) -> tuple[str, list[dict[str, Value]]]:
        """Return what is to be sent, settled and held back or not; and the result's name."""
        if {*self.watch.states()} & {*self._options.drop}:
            return "dropped", []
        with self._lock:
            states = self._of_states()
            before, self._query = self._query, self._query._replace(sync_timeout=sync_timeout)
            try:
                found = self._changes(hashes, is_flush=True)
            finally:
                self._query = before
        return ("synced" if found else "no_sync_needed"), [*states, *found]

    def _changes(self, hashes: Hashes, *, is_flush: bool = False) -> list[dict[str, Value]]:
        self._is_due = False
        query = self._query._replace(since=self._since)
        if self._has_to_ask:
            self._has_to_ask = False  # before it asks: other threads set it
        elif not is_flush:
            query = query._replace(sync_timeout=None)
        try:
            result = run(self.watch.tree, query, hashes)
        except CommandError as error:
            self._is_cancelled = True
            return [self._message({"canceled": True, "error": str(error)})]
        before = self._clock
        self._advance(result.clock)
        if not result.size and not result.is_fresh:
            return []
        return [self._message(_fields(result, before))]

    def _advance(self, clock: str) -> None:
        self._clock = clock
        self._since = clocks.read(clock, self.watch.tree.root)

    def _skip(self, clock: str) -> None:
        """Report nothing that changed before a clock; something may have changed since."""
        self._is_due = True
        self._advance(clock)

    def _is_held(self) -> bool:
        """Return whether changes must not be told of now, because of a state or a lock."""
        states = set(self.watch.states())
        return bool(states & {*self._options.defer, *self._options.drop}) or self._is_locked()

    def _is_locked(self) -> bool:
        root = self.watch.tree.root
        return self._options.defer_vcs and any(
            os.path.lexists(os.path.join(root, name)) for name in _LOCKS
        )

    def _message(self, fields: Mapping[str, Value]) -> dict[str, Value]:
        return {
            **fields,
            "unilateral": True,
            "root": self.watch.tree.root,
            "subscription": self.name,
        }


def _fields(result: Result, before: str | None) -> dict[str, Value]:
    found: dict[str, Value] = {
        "clock": result.clock,
        "is_fresh_instance": result.is_fresh,
        "files": result.files,
    }
    if before is not None:
        found["since"] = before
    return found


def _options(spec: Mapping[str, object]) -> Options:
    return Options(
        _names(spec, "defer"), _names(spec, "drop"), spec.get("defer_vcs", True) is not False
    )


def _names(spec: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = spec.get(key) or []
    listed = value if isinstance(value, list) else [value]
    names = tuple(each for each in listed if isinstance(each, str))
    if len(names) != len(listed):
        raise query_error(f"{key} must be a list of the names of states")
    return names
