"""Git's output when it queries fsmond, in addition to the days of work in test_matrix.py."""

import random

from support.running import REFERENCE
from support.work.days import usual_day
from support.work.person import Person
from support.work.repositories import Repository
from support.work.same_status import Observer


def test_status_is_the_same_at_the_end_of_a_day(repository: Repository) -> None:
    """A script may run git only at its end."""
    person = Person(repository, random.Random(1))
    for when in usual_day(person, "plain"):
        last = when

    assert Observer(repository).compare(last)


def test_other_commands_see_the_changes_too(repository: Repository) -> None:
    """Each command that reads the index queries fsmond."""
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
