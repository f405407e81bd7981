"""`git status` prints the same over days of work, whether it queries fsmond or scans everything."""

import os
import random
import time
from collections.abc import Iterator
from itertools import product

import pytest
from _pytest.mark.structures import ParameterSet
from support.work.days import usual_day, wild_days
from support.work.of_kinds import widen_and_narrow
from support.work.person import Person
from support.work.repositories import KINDS, Repository
from support.work.same_status import Observer
from support.work.ways_of_asking import WAYS
from support.work.with_git import create_then_delete, move_with_git, stop_tracking

FILES = {**dict.fromkeys(KINDS, 400), "plain": 2000}
CACHES = {"true": "cache", "false": "no-cache"}
SEED = os.environ.get("FSMOND_SEED")
SECONDS = os.environ.get("FSMOND_MATRIX_SECONDS")
WILD = float(SECONDS or 0.25)  # seconds of wild days, for each
HALF = 0.5
# Git expands a sparse index for these, and keeps neither the token nor the monitor's data.
FORGETFUL = [
    piece.__name__ for piece in (create_then_delete, move_with_git, stop_tracking, widen_and_narrow)
]


def _share(way: str, kind: str) -> float:
    """Return the share of a usual day that is done: a hook takes ten times as long to answer.

    The choice is random; with FSMOND_MATRIX_SECONDS, everything is done.
    """
    if SECONDS or way == "modern-builtin":
        return 1.0
    return 0.6 if kind == "plain" else 0.3


def _cases() -> Iterator[ParameterSet]:
    """Yield all combinations; half are marked slow, the others contain each pair of values."""
    for (at_way, way), (at_kind, kind) in product(enumerate(WAYS), enumerate(KINDS)):
        for at_cache, (cache, name) in enumerate(CACHES.items()):
            slow = (at_way + at_kind + at_cache) % 2
            marks = [pytest.mark.slow] if slow else []
            yield pytest.param(
                way, kind, FILES[kind], cache, id=f"{way}-{kind}-{name}", marks=marks
            )


@pytest.mark.parametrize(("way", "kind", "files", "cache"), list(_cases()))
def test_status_is_the_same_all_day(repository: Repository, way: str, kind: str) -> None:
    """And fsmond's answers were exact changes, not "everything"."""
    seed = int(SEED or random.randrange(10**6))
    person = Person(repository, random.Random(seed))
    observer = Observer(repository)

    def compare(when: str) -> bool:
        return observer.compare(f"{when} (seed {seed})")

    for when in usual_day(person, kind, share=_share(way, kind)):
        may_forget = kind == "sparse" and any(name in when for name in FORGETFUL)
        assert compare(when) or may_forget, when

    end = time.monotonic() + WILD
    for when in wild_days(person, kind):
        if person.chance.random() < HALF:
            assert compare(when) or kind == "sparse", when
        if time.monotonic() > end:
            break
