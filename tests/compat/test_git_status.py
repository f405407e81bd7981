"""What git says when it asks fsmond, beside the days of work in test_matrix.py."""

import random

from days_of_work import usual_day
from kinds_of_repository import Repository
from person import Person
from running import REFERENCE
from same_status import Observer


def test_the_same_without_a_look_in_between(repository: Repository) -> None:
    """As a script has it that asks at its end only."""
    person = Person(repository, random.Random(1))
    for when in usual_day(person, "plain"):
        last = when

    assert Observer(repository).look(last)


def test_other_commands_see_the_changes_too(repository: Repository) -> None:
    """Whatever reads the index asks."""
    git, root = repository.git, repository.root
    (root / "src/0/0.txt").write_text("changed")
    assert git("diff", "--name-only") == "src/0/0.txt\n"
    (root / "src/0").rename(root / "src/moved")
    git("add", "--all")
    git("commit", "--quiet", "--message", "third")
    (root / "src/moved/0.txt").write_text("changed again")

    assert git("status", "--porcelain") == " M src/moved/0.txt\n"
    git("checkout", "--quiet", "--force", "HEAD~")
    assert git("status", "--porcelain") == git(*REFERENCE, "status", "--porcelain") == ""
