"""Whether there is still a tree to watch."""

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
    """Return the health of both."""
    worktree = Worktree(bytes(root), bytes(gitdir), is_from_environment=True)
    return Health(Place(bytes(root), b"unused", worktree))


def test_a_tree_that_exists_is_no_problem(health: Health, root: Path) -> None:
    """Changes inside it do not matter."""
    (root / "file").touch()

    assert health.problem() is None


@pytest.mark.parametrize("which", ["root", "gitdir"])
def test_a_directory_that_was_removed_is_gone(
    health: Health, which: str, request: pytest.FixtureRequest
) -> None:
    """The daemon has nothing left to watch, and names what is missing."""
    directory: Path = request.getfixturevalue(which)

    directory.rmdir()

    problem = health.problem()
    assert problem is not None
    assert problem.endswith(f"{directory} is gone")


@pytest.mark.parametrize("which", ["root", "gitdir"])
def test_a_directory_that_was_replaced_is_a_problem(
    health: Health, which: str, request: pytest.FixtureRequest
) -> None:
    """A client that names this path means the new directory, which is not watched."""
    directory: Path = request.getfixturevalue(which)

    directory.rename(directory.with_name("aside"))
    directory.mkdir()

    problem = health.problem()
    assert problem is not None
    assert problem.endswith(f"{directory} was replaced")


def test_a_file_in_place_of_the_root_is_a_problem(health: Health, root: Path) -> None:
    """It has another identity, as a new directory has."""
    root.rename(root.with_name("aside"))
    root.touch()

    assert health.problem() == f"the directory {root} was replaced"


def test_a_file_in_place_of_a_parent_means_that_the_root_is_gone(
    health: Health, root: Path
) -> None:
    """The system reports it by another error, ENOTDIR."""
    root.parent.rename(root.parent.with_name("aside"))
    root.parent.touch()

    assert health.problem() == f"the directory {root} is gone"


def test_a_directory_that_was_moved_back_is_no_problem(health: Health, root: Path) -> None:
    """It is the same directory."""
    root.rename(root.with_name("aside"))
    root.with_name("aside").rename(root)

    assert health.problem() is None


def test_a_directory_that_is_no_worktree_has_no_git_directory(root: Path, gitdir: Path) -> None:
    """Then only the root is checked."""
    health = Health(Place(bytes(root), b"unused", None))
    gitdir.rmdir()

    assert health.problem() is None


# Shows a defect: OSError escapes, and ends the daemon without a line in its log.
def test_a_path_that_cannot_be_resolved_is_a_problem(health: Health, root: Path) -> None:
    """Whatever error the check meets, the daemon must say why it ends."""
    root.parent.rename(root.parent.with_name("aside"))
    root.parent.symlink_to(root.parent.name)

    problem = health.problem()

    assert problem is not None
    assert str(root) in problem
