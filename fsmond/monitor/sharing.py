"""Compare a tree together with another process: each begins at another end.

The other process says which directories differ, or may; only these are looked at here as well.
Where nothing is recorded yet, it makes the records.
"""

from collections import deque
from collections.abc import Iterator, Sequence

from fsmond.index.sharing import Job, Made, adopt, job_of
from fsmond.index.tree import Comparison
from fsmond.monitor.tree_state import TreeState

_POLL = 0.05  # seconds of waiting for a report, after which it is seen whether to stop
_PATIENCE = 100  # times of waiting in a row, after which the helper is given up
_MIN_UNKNOWN = 5000  # directories; in fewer, to start another process gains too little
_PARTS = 200  # of a tree of which nothing is known, at least, if it is wide enough
_MAX_UPPER = 1000  # directories above these parts: else a narrow tree has no end
_WHOLE = (b"",)


class Sharing:
    """One comparison of the whole tree, with the tree's helper if that was prepared.

    Used by one thread, but for `stop`.
    """

    def __init__(self, tree: TreeState) -> None:
        self._tree = tree
        self._index = tree.index
        self._job: Job | None = None
        self._first = 0  # the first part that the helper has begun
        # Of the parts that it has done: what must be looked at, and what it made.
        self._results: dict[int, tuple[list[bytes], Sequence[Made]]] = {}

    def prepare(self) -> None:
        """Give the helper its work, if there is one and the tree is worth it."""
        helper = self._tree.helper
        job = None if helper is None else job_of(self._index)
        if helper is not None and job is not None and helper.offer(job):
            self._job = job

    def walk(self, *, skip: frozenset[bytes]) -> Iterator[Comparison]:
        """Compare all directories, except those in `skip`; see Index.walk.

        Left out are those of which the helper finds that they are the same.
        """
        job, self._job = self._job, None
        helper = self._tree.helper
        if job is None or helper is None or skip:
            self.stop()
            yield from self._index.walk(_WHOLE, skip=skip)
            return
        helper.begin()
        yield from self._index.walk(_WHOLE, skip=frozenset(job.parts))
        yield from self._in_turns(job)

    def make(self, *, skip: frozenset[bytes]) -> Iterator[Comparison]:
        """Record all directories, except those in `skip`, where nothing is recorded yet."""
        helper, index = self._tree.helper, self._index
        is_first = index.since is not None and helper is not None and not helper.is_spent
        if skip or not is_first or self._tree.watcher.counts().directories < _MIN_UNKNOWN:
            self.stop()
            yield from index.walk(_WHOLE, skip=skip)
            return
        upper = deque(_WHOLE)
        for _ in range(_MAX_UPPER):
            if not 0 < len(upper) < _PARTS:
                break
            comparison = index.compare(upper.popleft())
            yield comparison
            upper += [prefix for prefix, _ in comparison.subdirectories]
        job = Job(index.root, index.excluded, index.reserved, {}, sorted(upper), index.since)
        if helper is None or not helper.offer(job):
            yield from index.walk(job.parts)
            return
        helper.begin()
        yield from self._in_turns(job)

    def _in_turns(self, job: Job) -> Iterator[Comparison]:
        """Do the parts of a job: we begin with the first, and the helper with the last."""
        self._first, done = len(job.parts), 0
        while done < self._first:
            yield from self._compare(job, done)
            done += 1
            self._take_reports(0.0)
        self._await(len(job.parts) - done)
        self.stop()
        self._index.clock.read()  # it may have been set back while only the helper worked
        for number in range(done, len(job.parts)):
            if number not in self._results:
                yield from self._compare(job, number)
                continue
            changed, made = self._results.pop(number)
            for each in made:
                yield adopt(each, self._index)
            yield from self._look_at(changed)

    def stop(self) -> None:
        """End the helper; any thread.  Harmless when repeated."""
        if self._tree.helper is not None:
            self._tree.helper.stop()

    def _compare(self, job: Job, number: int) -> Iterator[Comparison]:
        """Compare a part, unless it turned out to be gone already."""
        top = job.parts[number]
        is_there = top in self._index or job.since is not None
        return self._index.walk((top,) if is_there else ())

    def _await(self, count: int) -> None:
        """Wait until the helper has done so many parts, or is over."""
        helper, patience = self._tree.helper, _PATIENCE
        while len(self._results) < count and patience and helper is not None:
            patience = _PATIENCE if self._take_reports(_POLL) else patience - 1
            if helper.is_over or self._tree.is_stopping:
                return

    def _take_reports(self, timeout: float) -> bool:
        """Note what the helper reported; return whether there was anything."""
        reports = [] if self._tree.helper is None else self._tree.helper.reports(timeout)
        for number, changed, made in reports:
            self._first = min(self._first, number)
            if changed is not None:
                self._results[number] = changed, made
        return bool(reports)

    def _look_at(self, prefixes: list[bytes]) -> Iterator[Comparison]:
        """Compare these directories, and those in them that nobody knows yet."""
        known = set(prefixes)
        for prefix in prefixes:
            comparison = self._index.compare(prefix)
            yield comparison
            new = [each for each, _ in comparison.subdirectories if each not in self._index]
            yield from self._index.walk(each for each in new if each not in known)
