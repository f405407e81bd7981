"""Compare file systems that may not answer, each on a thread of its own.

A server that is gone, or a program that hangs, keeps whoever looks at its files for ever.  So they
are looked at by a thread that nobody waits for without a deadline.  What could not be compared in
time is named in each answer until it is.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence

from fsmond.daemon.rounds import Rounds
from fsmond.index.tree import Index

MOST = 64  # such file systems in one tree, each with a thread
PATIENCE = 0.5  # seconds in which all of them are compared before an answer goes without
_LEAVE = 0.2  # seconds in which their threads end, if nothing holds them

Record = Callable[[Sequence[bytes]], None]


class Probe:
    """Compares what is below one prefix, again and again; its thread is started by `start`.

    `stop` asks it to end, and does not wait: it may be held up for ever.
    """

    def __init__(self, base: bytes, prefix: bytes, record: Record) -> None:
        self.prefix = prefix
        self.scanned = 0
        """Directories in the last comparison: a figure for people."""
        self._record = record  # takes paths that changed; called on our thread
        self._index = Index(base + prefix)
        self._condition = threading.Condition()  # guards what follows
        self._rounds = Rounds()
        self._is_first = True
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="fsmond-probe", daemon=True)

    def start(self) -> None:
        """Begin to compare when asked to."""
        self._thread.start()

    @property
    def is_behind(self) -> bool:
        """Say whether somebody asked for a comparison that is not done."""
        return self._rounds.is_wanted

    def ask(self) -> int:
        """Ask for a comparison that begins from now on; return what `wait` is to be called with."""
        with self._condition:
            ticket = self._rounds.ask()
            self._condition.notify_all()
            return ticket

    def wait(self, ticket: int, deadline: float) -> bool:
        """Say whether that comparison was done by the deadline, in seconds of time.monotonic."""
        with self._condition:
            return self._condition.wait_for(
                lambda: self._rounds.is_served(ticket), max(0.0, deadline - time.monotonic())
            )

    def stop(self) -> None:
        """Ask it to end."""
        with self._condition:
            self._ended = True
            self._condition.notify_all()

    def join(self, deadline: float) -> None:
        """Wait for its end, until the deadline."""
        self._thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._ended or self._rounds.is_wanted)
                if self._ended:
                    return
                begun = self._rounds.begin()
            self._compare()
            with self._condition:
                self._rounds.end(begun)
                self._condition.notify_all()

    def _compare(self) -> None:
        scanned = 0
        changed: list[bytes] = []
        try:
            for look in self._index.walk((b"",)):
                if self._ended:
                    return
                scanned += 1
                changed += [self.prefix + each.path for each in look.differences]
                if look.may_have_had_others and not self._is_first:
                    changed.append(self.prefix + look.prefix)  # names came to it, and went again
        except OSError:
            changed.append(self.prefix)  # it cannot be looked at; the next time it may be
        # Whoever was answered before this was done knows nothing of what is there.
        first = [self.prefix] if self._is_first else []
        self._is_first = False
        self.scanned = scanned
        if changed or first:
            self._record([*first, *changed])


class Probes:
    """Those of one tree, by prefix; called on one thread."""

    def __init__(self, root: bytes, record: Record) -> None:
        self._base = root.rstrip(b"/") + b"/"
        self._record = record
        self._probes: dict[bytes, Probe] = {}

    def compare(self, prefixes: Iterable[bytes], patience: float = PATIENCE) -> list[bytes]:
        """Compare what is below these; return those of which that was not done in time."""
        wanted = set(prefixes)
        for prefix in self._probes.keys() - wanted:
            self._probes.pop(prefix).stop()
        deadline = time.monotonic() + patience
        tickets = []
        for prefix in wanted:
            probe = self._probes.get(prefix)
            if probe is None:
                probe = self._probes[prefix] = Probe(self._base, prefix, self._record)
                probe.start()
            held_up = probe.is_behind
            ticket = probe.ask()
            if not held_up:  # else it is in vain to wait once more
                tickets.append((probe, ticket))
        done = {probe.prefix for probe, ticket in tickets if probe.wait(ticket, deadline)}
        return sorted(wanted - done)

    @property
    def scanned(self) -> int:
        """The number of directories that were compared; any thread."""
        return sum(probe.scanned for probe in list(self._probes.values()))

    def stop(self) -> None:
        """End all threads that are not held up; they end by themselves otherwise."""
        for probe in self._probes.values():
            probe.stop()
        deadline = time.monotonic() + _LEAVE
        for probe in self._probes.values():
            probe.join(deadline)
