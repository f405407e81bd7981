"""`git status` says the same over days of work, whether it asks fsmond or looks at everything."""

import os
import random
import time
from collections.abc import Iterator
from itertools import product

import pytest
from _pytest.mark.structures import ParameterSet
from days_of_work import usual_day, wild_days
from kinds_of_repository import KINDS, Repository
from person import Person
from same_status import Observer
from ways_of_asking import WAYS
from work_of_kinds import widen_and_narrow
from work_with_git import come_and_go, move_with_git, stop_tracking

FILES = {**dict.fromkeys(KINDS, 400), "plain": 2000}
CACHES = {"true": "cache", "false": "no-cache"}
SEED = os.environ.get("FSMOND_SEED")
SECONDS = os.environ.get("FSMOND_MATRIX_SECONDS")
WILD = float(SECONDS or 0.25)  # seconds of wild days, for each
HALF = 0.5
# Git makes a sparse index whole for these, and keeps nothing of what it was told.
FORGETFUL = [
    piece.__name__ for piece in (come_and_go, move_with_git, stop_tracking, widen_and_narrow)
]


def _share(way: str, kind: str) -> float:
    """Return how much is done of a usual day: a hook takes ten times as long to answer.

    Which part that is differs each time; all of it is done if there is time.
    """
    if SECONDS or way == "modern-builtin":
        return 1.0
    return 0.6 if kind == "plain" else 0.3


def _cases() -> Iterator[ParameterSet]:
    """Yield all combinations; half of them are slow, but each pair of values is in the others."""
    for (at_way, way), (at_kind, kind) in product(enumerate(WAYS), enumerate(KINDS)):
        for at_cache, (cache, name) in enumerate(CACHES.items()):
            slow = (at_way + at_kind + at_cache) % 2
            marks = [pytest.mark.slow] if slow else []
            yield pytest.param(
                way, kind, FILES[kind], cache, id=f"{way}-{kind}-{name}", marks=marks
            )


@pytest.mark.parametrize(("way", "kind", "files", "cache"), list(_cases()))
def test_status_is_the_same_all_day(repository: Repository, way: str, kind: str) -> None:
    """Whatever was done; and fsmond told what changed, not that everything may have."""
    seed = int(SEED or random.randrange(10**6))
    person = Person(repository, random.Random(seed))
    observer = Observer(repository)

    def look(when: str) -> bool:
        return observer.look(f"{when} (seed {seed})")

    for when in usual_day(person, kind, share=_share(way, kind)):
        may_forget = kind == "sparse" and any(name in when for name in FORGETFUL)
        assert look(when) or may_forget, when

    end = time.monotonic() + WILD
    for when in wild_days(person, kind):
        if person.chance.random() < HALF:
            assert look(when) or kind == "sparse", when
        if time.monotonic() > end:
            break
