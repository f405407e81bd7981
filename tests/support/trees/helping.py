"""A helper in the same process, which does its work step by step, in any order with ours."""

import random
from collections.abc import Iterator

from fsmond.helping.messages import Report, decode_job, encode_job
from fsmond.helping.program import index_of, reports
from fsmond.index.sharing import Job


class SteppedHelper:
    """Does some steps of its work whenever it is asked for reports."""

    def __init__(self, chance: random.Random) -> None:
        self.jobs: list[Job] = []
        self.is_over = False
        self._random = chance
        self._steps: Iterator[Report] = iter(())

    @property
    def is_spent(self) -> bool:
        """See Helper."""
        return bool(self.jobs) or self.is_over

    def offer(self, job: Job) -> bool:
        """See Helper."""
        job = decode_job(encode_job(job))
        self.jobs.append(job)
        self._steps = reports(job, index_of(job))
        return True

    def begin(self) -> None:
        """See Helper."""

    def reports(self, timeout: float) -> list[Report]:
        """See Helper."""
        found = []
        for _ in range(
            self._random.choice([1, 1, 2, 5]) if timeout else self._random.randint(0, 3)
        ):
            report = next(self._steps, None)
            if report is not None:
                found.append(report)
        if self._random.random() < 0.01:
            self.stop()
        return found

    def stop(self) -> None:
        """See Helper."""
        self.is_over = True
        self._steps = iter(())
