"""`git status` says the same over random changes, whether it asks fsmond or not."""

import random
from collections.abc import Callable
from pathlib import Path

from running import REFERENCE, status
from tree_changes import Changes

ROUNDS = 25
WITHOUT = ("hard_link",)  # a change by one name is not yet reported under the others

Git = Callable[..., str]


def test_status_is_the_same_after_random_changes(ask: Git, root: Path) -> None:
    """Changes of every kind, some of them committed, and a look after every few."""
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    outside = root.parent / "outside"
    outside.mkdir()
    changes = Changes(root, outside, chance, without=WITHOUT)
    for _ in range(ROUNDS):
        begin = len(changes.log)
        changes.make(chance.randint(1, 8))
        if chance.random() < 0.2:
            ask("add", "--all")
        untracked = chance.choice(["normal", "all"])

        got = ask("status", "--porcelain", f"--untracked-files={untracked}")

        truth = ask(*REFERENCE, "status", "--porcelain", f"--untracked-files={untracked}")
        assert got == truth, f"seed {seed}: by {changes.log[begin:]}"
    assert status(root)["queries"] >= ROUNDS
    assert status(root)["resyncs"] == []
