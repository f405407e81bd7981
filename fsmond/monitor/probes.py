"""Compare file systems that may not answer, each on a thread of its own.

If a server is gone or a program hangs, a thread that reads its files may block for ever.  So each
such file system has its own thread, and others wait for that only until a deadline.  What could not
be compared in time is reported in each answer until it is.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from fsmond.index.tree import Index
from fsmond.monitor.coalesced_runs import CoalescedRuns
from fsmond.monitor.kinds import presence_in

MAX_PROBES = 64  # threads; further file systems are in each answer as not compared
COMPARE_TIMEOUT = 0.5  # seconds to compare all of them, before an answer is given without
_JOIN_TIMEOUT = 0.2  # seconds in which their threads end, unless they are blocked

Record = Callable[[Sequence[bytes], Mapping[bytes, int]], None]


class Probe:
    """Compares what is below one prefix, at each request; its thread is started by `start`.

    `stop` asks the thread to end but does not wait: it may be blocked for ever.
    """

    def __init__(self, base: bytes, prefix: bytes, record: Record) -> None:
        self.prefix = prefix
        self.scanned = 0
        """Directories in the last comparison: a figure for people."""
        self._record = record  # takes paths that changed, and Names; called on our thread
        self._index = Index(base + prefix)
        self._condition = threading.Condition()  # guards what follows
        self._runs = CoalescedRuns()
        self._is_first = True
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="fsmond-probe", daemon=True)

    def start(self) -> None:
        """Begin to serve requests."""
        self._thread.start()

    @property
    def is_behind(self) -> bool:
        """Whether a requested comparison is not done."""
        return self._runs.is_requested

    def request(self) -> int:
        """Request a comparison that begins from now on; return the ticket for `wait`."""
        with self._condition:
            ticket = self._runs.request()
            self._condition.notify_all()
            return ticket

    def wait(self, ticket: int, deadline: float) -> bool:
        """Return whether that comparison is done by the deadline, in seconds of time.monotonic."""
        with self._condition:
            return self._condition.wait_for(
                lambda: self._runs.is_done(ticket), max(0.0, deadline - time.monotonic())
            )

    def stop(self) -> None:
        """Ask the thread to end."""
        with self._condition:
            self._ended = True
            self._condition.notify_all()

    def join(self, deadline: float) -> None:
        """Wait until the thread has ended, or until the deadline."""
        self._thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._ended or self._runs.is_requested)
                if self._ended:
                    return
                begun = self._runs.begin()
            self._compare()
            with self._condition:
                self._runs.end(begun)
                self._condition.notify_all()

    def _compare(self) -> None:
        scanned = 0
        changed: list[bytes] = []
        names: dict[bytes, int] = {}
        try:
            for comparison in self._index.walk((b"",)):
                if self._ended:
                    return
                scanned += 1
                found = [
                    each._replace(path=self.prefix + each.path) for each in comparison.differences
                ]
                changed += [each.path for each in found]
                names.update(presence_in(found))
                if comparison.may_have_had_transient_names and not self._is_first:
                    changed.append(self.prefix + comparison.prefix)
        except OSError:
            changed.append(self.prefix)  # it cannot be read now; next time it may be
        # A client that was answered before this was done knows nothing of what is there.
        first = [self.prefix] if self._is_first else []
        self._is_first = False
        self.scanned = scanned
        if changed or first:
            self._record([*first, *changed], names)
        self._index.unconfirmed.clear()  # they are recorded by now


class Probes:
    """The probes of one tree, by prefix; `compare` is called on one thread."""

    def __init__(self, root: bytes, record: Record) -> None:
        self._base = root.rstrip(b"/") + b"/"
        self._record = record
        self._probes: dict[bytes, Probe] = {}

    def compare(self, prefixes: Iterable[bytes], timeout: float = COMPARE_TIMEOUT) -> list[bytes]:
        """Compare what is below these; return the prefixes that were not done in time."""
        wanted = set(prefixes)
        for prefix in self._probes.keys() - wanted:
            self._probes.pop(prefix).stop()
        deadline = time.monotonic() + timeout
        tickets = []
        for prefix in sorted(wanted):
            probe = self._probes.get(prefix)
            if probe is None:
                if len(self._probes) >= MAX_PROBES:
                    continue
                probe = self._probes[prefix] = Probe(self._base, prefix, self._record)
                probe.start()
            was_behind = probe.is_behind
            ticket = probe.request()
            if not was_behind:  # else it is blocked, and waiting again would be in vain
                tickets.append((probe, ticket))
        done = {probe.prefix for probe, ticket in tickets if probe.wait(ticket, deadline)}
        return sorted(wanted - done)

    @property
    def scanned(self) -> int:
        """The number of directories that were compared; any thread."""
        return sum(probe.scanned for probe in list(self._probes.values()))

    def stop(self) -> None:
        """End the threads; one that is blocked ends when it no longer is.  Any thread."""
        probes = list(self._probes.values())  # `compare` may add one meanwhile
        for probe in probes:
            probe.stop()
        deadline = time.monotonic() + _JOIN_TIMEOUT
        for probe in probes:
            probe.join(deadline)
