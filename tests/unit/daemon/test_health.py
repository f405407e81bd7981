"""Whether there is still something to watch."""

from pathlib import Path

import pytest

from fsmond.daemon.health import Health
from fsmond.git.worktree import Worktree
from fsmond.rendezvous import Place


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a tree, with its git directory elsewhere."""
    for name in ("above/root", "gitdir"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path / "above" / "root"


@pytest.fixture
def gitdir(root: Path) -> Path:
    """Return the tree's git directory."""
    return root.parent.parent / "gitdir"


@pytest.fixture
def health(root: Path, gitdir: Path) -> Health:
    """Return what looks after both."""
    return Health(Place(bytes(root), b"unused", Worktree(bytes(root), bytes(gitdir))))


def test_a_tree_that_is_there_is_no_problem(health: Health, root: Path) -> None:
    """Whatever happens inside it."""
    (root / "file").touch()

    assert health.problem() is None


@pytest.mark.parametrize("which", ["root", "gitdir"])
def test_a_directory_that_was_removed_is_gone(
    health: Health, which: str, request: pytest.FixtureRequest
) -> None:
    """The daemon has nothing left to do, and says what is missing."""
    directory: Path = request.getfixturevalue(which)

    directory.rmdir()

    problem = health.problem()
    assert problem is not None
    assert problem.endswith(f"{directory} is gone")


@pytest.mark.parametrize("which", ["root", "gitdir"])
def test_a_directory_that_was_replaced_is_another_one(
    health: Health, which: str, request: pytest.FixtureRequest
) -> None:
    """Whoever asks at this path means the new one, which nobody watches."""
    directory: Path = request.getfixturevalue(which)

    directory.rename(directory.with_name("aside"))
    directory.mkdir()

    problem = health.problem()
    assert problem is not None
    assert problem.endswith(f"{directory} was replaced")


def test_a_file_in_its_place_is_no_directory(health: Health, root: Path) -> None:
    """Nor is what its path leads through."""
    root.rename(root.with_name("aside"))
    root.touch()

    assert health.problem() == f"the directory {root} was replaced"


def test_a_file_in_the_place_of_one_above_means_that_it_is_gone(health: Health, root: Path) -> None:
    """The system has another name for this error."""
    root.parent.rename(root.parent.with_name("aside"))
    root.parent.touch()

    assert health.problem() == f"the directory {root} is gone"


def test_a_directory_that_came_back_is_no_problem(health: Health, root: Path) -> None:
    """It is the same one."""
    root.rename(root.with_name("aside"))
    root.with_name("aside").rename(root)

    assert health.problem() is None


def test_a_directory_that_is_no_worktree_has_no_git_directory(root: Path, gitdir: Path) -> None:
    """Then there is one thing less to look after."""
    health = Health(Place(bytes(root), b"unused", None))
    gitdir.rmdir()

    assert health.problem() is None


# Shows a defect: OSError comes out, and ends the daemon without a line in its log.
def test_a_path_that_leads_nowhere_any_more_is_a_problem_to_tell(
    health: Health, root: Path
) -> None:
    """Whatever keeps us from looking, the daemon must say why it ends."""
    root.parent.rename(root.parent.with_name("aside"))
    root.parent.symlink_to(root.parent.name)

    problem = health.problem()

    assert problem is not None
    assert str(root) in problem
