"""Which tree a client means: the socket is in a git directory, which can have several roots."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.running import fsmond, git, no_daemon_left, status, until

from fsmond.client import Client
from fsmond.errors import OtherTreeError, StartError
from fsmond.process.launch import launch
from fsmond.rendezvous import place_of

if sys.platform == "win32":
    pytest.skip("a socket is a file on Unix alone", allow_module_level=True)


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Make a repository, and start its daemon."""
    root = tmp_path / "root"
    root.mkdir()
    git(root, "init", "--quiet")
    (root / "file").write_text("first")
    git(root, "add", "file")
    git(root, "commit", "--quiet", "--message=first")
    with no_daemon_left(root):
        assert fsmond("start", root).returncode == 0
        yield root


@pytest.fixture
def deployed(tmp_path: Path) -> Path:
    """Make another directory with the same files, for the same git directory."""
    deployed = tmp_path / "deployed"
    deployed.mkdir()
    (deployed / "file").write_text("first")
    return deployed


def set_worktree(monkeypatch: pytest.MonkeyPatch, root: Path, tree: Path) -> None:
    """Set another worktree for a repository, by the environment."""
    monkeypatch.setenv("GIT_DIR", str(root / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tree))


@pytest.mark.parametrize("where", ["root", "deployed", "elsewhere"])
def test_the_answer_for_another_tree_is_everything(
    root: Path, deployed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str
) -> None:
    """In any directory: the environment names the tree, as for Git."""
    token = Client(root).query().token
    (root / "file").write_text("second")
    (tmp_path / "elsewhere").mkdir()
    set_worktree(monkeypatch, root, deployed)

    done = fsmond("query", "--json", "--since", token, cwd=tmp_path / where)
    first = json.loads(done.stdout)

    assert (first["everything"], first["reason"]) == (True, "other-root")
    assert str(deployed) in done.stderr
    again = json.loads(
        fsmond("query", "--json", "--since", first["token"], cwd=tmp_path / where).stdout
    )
    assert (again["everything"], again["reason"]) == (True, "other-root")


def test_a_token_for_another_tree_is_valid_for_none(
    root: Path, deployed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git's index keeps it, and Git asks about this tree with it."""
    with monkeypatch.context() as there:
        set_worktree(there, root, deployed)
        token = Client(".").query().token

    answer = Client(root).query(token)

    assert (answer.everything, answer.reason) == (True, "other-root")
    assert Client(root).query(answer.token).paths == []


def test_a_path_argument_overrides_the_environment(
    root: Path, deployed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hooks inherit the environment, and ask about other trees."""
    token = Client(root).query().token
    set_worktree(monkeypatch, root, deployed)
    (root / "file").write_text("second")

    assert Client(root).query(token).paths == [b"file"]


@pytest.mark.parametrize("form", ["option", "environment", "configured"])
def test_git_sees_the_changes_of_the_tree_that_it_uses(
    root: Path, deployed: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """With the hook, which git runs in that tree's root; then in the first tree again."""
    hook = f"{sys.executable} -m fsmond hook"
    git(root, "config", "core.fsmonitor", hook)
    git(root, "config", "core.fsmonitorHookVersion", "2")
    assert git(root, "status", "--short") == ""
    assert git(root, "status", "--short") == ""
    options: list[str] = []
    if form == "option":
        options = [f"--work-tree={deployed}"]
    elif form == "configured":
        git(root, "config", "core.worktree", str(deployed))
    else:
        set_worktree(monkeypatch, root, deployed)

    assert git(root, *options, "status", "--short") == ""
    (deployed / "file").write_text("elsewhere")
    assert git(root, *options, "status", "--short") == " M file\n"
    (deployed / "file").write_text("first")
    assert git(root, *options, "status", "--short") == ""

    for name in ("GIT_DIR", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)
    if form == "configured":
        git(root, "config", "--unset", "core.worktree")
    assert git(root, "status", "--short") == ""
    (root / "file").write_text("here")
    (deployed / "file").write_text("first")
    with no_daemon_left(deployed):
        assert git(root, "status", "--short") == " M file\n"


def test_a_bare_repository_with_two_homes_is_watched_for_one(tmp_path: Path) -> None:
    """As for dotfiles: clients of the other home get everything, and an error at `start`."""
    git(tmp_path, "init", "--quiet", "--bare", "dotfiles")
    homes = [tmp_path / "one", tmp_path / "two"]
    for home in homes:
        home.mkdir()
        (home / ".profile").write_text("the same")

    def run(command: str, home: Path, *arguments: str) -> tuple[int, str, str]:
        os.environ["GIT_DIR"], os.environ["GIT_WORK_TREE"] = str(tmp_path / "dotfiles"), str(home)
        try:
            done = fsmond(command, *arguments, cwd=home)
        finally:
            del os.environ["GIT_DIR"], os.environ["GIT_WORK_TREE"]
        return done.returncode, done.stdout, done.stderr

    one, two = homes
    try:
        token = run("query", one)[1].splitlines()[0]
        (one / ".profile").write_text("changed")

        assert run("query", one, "--since", token)[1].splitlines()[1:] == [".profile"]
        assert run("query", two, "--since", token)[1].splitlines()[1:] == ["/"]
        assert run("status", two)[0] == 1
        code, _, error = run("start", two)
        assert (code, "--replace" in error) == (1, True)
        assert run("stop", two)[0] == 0
        assert run("status", one)[0] == 0  # the daemon is not the other home's

        assert run("start", two, "--replace")[0] == 0
        assert run("status", two)[0] == 0
        assert run("query", one, "--since", token)[1].splitlines()[1:] == ["/"]
    finally:
        run("stop", one)
        run("stop", two)


def test_a_daemon_ends_when_core_worktree_names_another_tree(root: Path, deployed: Path) -> None:
    """Git's own client cannot name its tree; it must find no daemon, and start a new one."""
    git(root, "config", "core.worktree", str(deployed))

    until(lambda: not (root / ".git" / "fsmonitor--daemon.ipc").exists())


def test_a_tree_that_was_configured_for_a_moment_gets_no_daemon(root: Path, deployed: Path) -> None:
    """The setting may change between the search for the tree and the daemon's start."""
    socket = root / ".git" / "fsmonitor--daemon.ipc"
    git(root, "config", "core.worktree", str(deployed))
    place = place_of(deployed, {"GIT_DIR": str(root / ".git")})
    assert place.root == bytes(deployed)
    until(lambda: not socket.exists())
    git(root, "config", "--unset", "core.worktree")

    with pytest.raises(StartError, match="configured for another worktree"):
        launch(place)
    assert not socket.exists()


def test_a_copy_made_of_links_has_a_daemon_of_its_own(root: Path, tmp_path: Path) -> None:
    """Its socket leads to the original's daemon, which gives no exact answer and is not ended."""
    copy = tmp_path / "copy"
    shutil.copytree(root, copy, copy_function=os.link, ignore=shutil.ignore_patterns("file"))
    (copy / "file").write_text("first")
    token = Client(root).query().token
    assert (copy / ".git" / "fsmonitor--daemon.ipc").exists()

    with no_daemon_left(copy):
        answer = Client(copy, start=False).query(token)
        assert (answer.everything, answer.reason) == (True, "other-root")
        assert fsmond("status", copy).returncode == 1
        with pytest.raises(OtherTreeError, match="watches"):
            Client(copy, start=False).verify()
        assert fsmond("flush", copy).returncode == 1
        assert fsmond("stop", copy).returncode == 0
        assert status(root)["root"] == str(root)

        assert fsmond("start", copy).returncode == 0
        assert status(copy)["root"] == str(copy)
        assert status(root)["pid"] != status(copy)["pid"]
        assert fsmond("stop", copy).returncode == 0
    assert status(root)["root"] == str(root)
    assert Client(root).query(token).paths == []


def test_a_socket_that_is_a_symbolic_link_is_not_trusted(root: Path, tmp_path: Path) -> None:
    """The daemon that it leads to gives no exact answer, and is not ended."""
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    link = other / ".git" / "fsmonitor--daemon.ipc"
    link.symlink_to(root / ".git" / "fsmonitor--daemon.ipc")

    assert Client(other, start=False).query().reason == "other-root"
    assert fsmond("stop", other).returncode == 0
    assert status(root)["root"] == str(root)


def test_a_symbolic_link_to_the_root_means_the_same_tree(root: Path, tmp_path: Path) -> None:
    """The client resolves it."""
    (tmp_path / "link").symlink_to(root)
    token = Client(root).query().token
    (root / "file").write_text("second")

    assert Client(tmp_path / "link").query(token).paths == [b"file"]
