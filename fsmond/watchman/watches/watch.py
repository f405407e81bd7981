"""A directory that is watched, with what clients have asserted and registered for it."""

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from fsmond.watchman.errors import CommandError
from fsmond.watchman.trees.tree import Tree
from fsmond.watchman.wire.values import Value


class Listener(Protocol):
    """What wants to know when something changes; called on any thread, must not block."""

    def note_change(self) -> None:
        """Note that something changed, and was taken in, or that a state was left."""

    def note_failure(self) -> None:
        """Note that something may have changed that was not taken in."""

    def note_state(self, fields: Mapping[str, Value]) -> None:
        """Note that a state was entered or left."""

    def cancel(self) -> None:
        """Note that the directory is no longer watched."""


class Watch:
    """Thread-safe."""

    def __init__(self, tree: Tree, on_listeners: Callable[["Watch"], None]) -> None:
        """`on_listeners` is called whenever a listener comes or goes."""
        self.tree = tree
        self.is_cancelled = False
        self._on_listeners = on_listeners
        self._lock = threading.Lock()  # guards what follows
        self._listeners: dict[Listener, None] = {}
        self._states: dict[str, object] = {}  # name → its owner

    @property
    def has_listeners(self) -> bool:
        """Whether anybody wants to know of changes."""
        return bool(self._listeners)

    def add(self, listener: Listener) -> None:
        """Have a listener know of changes."""
        with self._lock:
            self._listeners[listener] = None
        self._on_listeners(self)

    def remove(self, listener: Listener) -> None:
        """Have it know no longer.  Harmless when repeated."""
        with self._lock:
            self._listeners.pop(listener, None)
        self._on_listeners(self)

    def states(self) -> list[str]:
        """Return the names of the states that are asserted."""
        return list(self._states)

    def enter(self, name: str, owner: object, fields: Mapping[str, Value]) -> None:
        """Assert a state; raise CommandError if it is asserted already."""
        with self._lock:
            if name in self._states:
                raise CommandError(f"state {name} is already Asserted")
            self._states[name] = owner
            listeners = list(self._listeners)
        for each in listeners:
            each.note_state({"state-enter": name, **fields})

    def leave(self, name: str, owner: object, fields: Mapping[str, Value]) -> None:
        """End a state; raise CommandError if it is not asserted by this owner.

        It is there until all know that it ends: what is held back must not be told before.
        """
        with self._lock:
            if name not in self._states:
                raise CommandError(f"state {name} is not asserted")
            if self._states[name] is not owner:
                raise CommandError(f"state {name} was not asserted by this session")
            listeners = list(self._listeners)
        for each in listeners:
            each.note_state({"state-leave": name, **fields})
        with self._lock:
            self._states.pop(name, None)
        self.note_change()

    def leave_all(self, owner: object) -> None:
        """End the states of an owner that is gone."""
        names = [name for name, each in list(self._states.items()) if each is owner]
        for name in names:
            self.leave(name, owner, {"abandoned": True, "clock": self.tree.clock()})

    def recrawl(self) -> None:
        """Look at everything again, and have all listeners know."""
        self.tree.forget()
        self.note_failure()

    def note_change(self) -> None:
        """Have all listeners know that something changed; any thread."""
        with self._lock:
            listeners = list(self._listeners)
        for each in listeners:
            each.note_change()

    def note_failure(self) -> None:
        """Have all listeners know that they have to ask; any thread."""
        with self._lock:
            listeners = list(self._listeners)
        for each in listeners:
            each.note_failure()

    def cancel(self) -> None:
        """Watch no longer: have all listeners know."""
        self.is_cancelled = True
        with self._lock:
            listeners = list(self._listeners)
        for each in listeners:
            each.cancel()
