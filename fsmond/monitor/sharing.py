"""Compare a tree together with another process: each begins at another end.

The other process says which directories differ, or may; only these are looked at here as well.
Where nothing is recorded yet, it makes the records.
"""

from collections.abc import Iterator, Sequence

from fsmond.index.sharing import Job, Made, adopt, first_job_of, job_of
from fsmond.index.tree import Comparison
from fsmond.monitor.tree_state import TreeState

_POLL = 0.05  # seconds of waiting for a report, after which it is seen whether to stop
_PATIENCE = 100  # times of waiting in a row, after which the helper is given up
_WHOLE = (b"",)


class Sharing:
    """One comparison of the whole tree, with the tree's helper if that was prepared.

    Used by one thread, but for `stop`.
    """

    def __init__(self, tree: TreeState) -> None:
        self._tree = tree
        self._index = tree.index
        self._job: Job | None = None
        self._are_known = True  # whether the directories of the parts were in the index before
        self._first = 0  # the first part that the helper has begun
        # Of the parts that it has done: what must be looked at, and what it made.
        self._results: dict[int, tuple[list[bytes], Sequence[Made]]] = {}

    def prepare(self, *, first: bool = False) -> None:
        """Give the helper its work, if there is one and the tree is worth it.

        `first`: nothing is recorded yet; the tree is watched by now.  It has work once at most.
        """
        helper = self._tree.helper
        if helper is None or helper.is_spent:
            return
        if first:
            with self._tree.lock:
                watched = self._tree.watcher.watched()
            job = first_job_of(self._index, watched)
        else:
            job = job_of(self._index)
        if job is not None and helper.offer(job):
            self._job, self._first = job, len(job.parts)

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
        self._are_known, done = job.since is None, 0
        while done < self._first:
            yield from self._compare(job.parts[done])
            done += 1
            self._take_reports(0.0)
        self._await(len(job.parts) - done)
        self.stop()
        self._index.clock.read()  # it may have been set back while only the helper worked
        for number in range(done, len(job.parts)):
            if number not in self._results:
                yield from self._compare(job.parts[number])
                continue
            changed, made = self._results.pop(number)
            for each in made:
                yield adopt(each, self._index)
            yield from self._look_at(changed)

    def stop(self) -> None:
        """End the helper; any thread.  Harmless when repeated."""
        if self._tree.helper is not None:
            self._tree.helper.stop()

    def _compare(self, top: bytes) -> Iterator[Comparison]:
        """Compare a part, unless it turned out to be gone already."""
        is_there = top in self._index or not self._are_known
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
