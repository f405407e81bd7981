"""`fsmond install` makes Git query fsmond, and `fsmond uninstall` leaves no trace of it."""

import os
from pathlib import Path

import pytest
from support.installing import asks_fsmond, git_has_client, traces, value, values
from support.running import REFERENCE, fsmond, git, is_served, no_daemon_left, status, until

from fsmond.client import Client


@pytest.mark.usefixtures("program")
def test_git_queries_fsmond_after_install_and_uninstall_leaves_nothing(root: Path) -> None:
    """The configuration is the same to the byte."""
    before = traces(root)

    done = fsmond("install", root)

    assert done.returncode == 0, done.stderr
    assert "core.fsmonitor is" in done.stdout
    assert "core.untrackedCache is true" in done.stdout
    assert (value(root, "core.fsmonitor") == "true") == git_has_client()
    assert value(root, "core.untrackedCache") == "true"
    assert asks_fsmond(root)
    log = Path(str(status(root)["log"]))
    assert log.exists()

    assert fsmond("uninstall", root).returncode == 0

    assert traces(root) == before
    assert not is_served(root)
    assert not log.exists()
    assert not (root / ".git" / "fsmond").exists()


@pytest.mark.usefixtures("program")
def test_a_second_install_changes_nothing(root: Path) -> None:
    """Our own values must not be kept as the previous ones."""
    git(root, "config", "core.fsmonitor", "before")
    before = traces(root)
    fsmond("install", root)
    once = traces(root)
    pid = status(root)["pid"]

    assert fsmond("install", root).returncode == 0

    assert traces(root) == once
    assert status(root)["pid"] == pid
    fsmond("uninstall", root)
    assert traces(root) == before
    assert fsmond("uninstall", root).returncode == 0


def test_previous_values_are_restored(root: Path) -> None:
    """However unusual: another hook, and two values of which the last one counts."""
    git(root, "config", "core.fsmonitor", "/some/hook --with 'words'\nand lines")
    git(root, "config", "core.fsmonitorHookVersion", "1")
    before = traces(root)
    git(root, "config", "--add", "core.untrackedCache", "false")
    git(root, "config", "--add", "core.untrackedCache", "keep")

    fsmond("install", "--hook", root)

    assert values(root)[1:] == ["true", "2"]
    assert fsmond("uninstall", root).returncode == 0
    assert git(root, "config", "--get-all", "core.untrackedCache") == "false\nkeep\n"
    git(root, "config", "--unset-all", "core.untrackedCache")
    assert traces(root) == before


def test_a_setting_that_was_changed_since_is_left(root: Path) -> None:
    """The user who changed it had a reason."""
    fsmond("install", "--hook", root)
    git(root, "config", "core.fsmonitor", "/another/hook")

    done = fsmond("uninstall", root)

    assert "core.fsmonitor was changed since" in done.stdout
    assert values(root) == ["/another/hook", None, None]


@pytest.mark.parametrize("program", ["modern"], indirect=True)
@pytest.mark.usefixtures("program")
def test_builtin_replaces_hook(root: Path) -> None:
    """The values from before both are restored."""
    before = traces(root)

    fsmond("install", "--hook", root)
    assert values(root)[1:] == ["true", "2"]
    assert asks_fsmond(root)
    fsmond("install", root)
    assert values(root) == ["true", "true", None]
    assert asks_fsmond(root)
    fsmond("uninstall", root)

    assert traces(root) == before


@pytest.mark.usefixtures("program")
def test_worktrees_share_a_configuration(root: Path) -> None:
    """The message says so, and each worktree has its own daemon."""
    linked = root.parent / "linked"

    done = fsmond("install", linked)

    assert "for this repository and all its worktrees" in done.stdout
    assert asks_fsmond(linked)
    assert value(root, "core.untrackedCache") == "true"
    git(root, "status")
    until(lambda: is_served(root))
    fsmond("uninstall", root)
    assert values(linked) == [None, None, None]
    assert not is_served(linked)
    assert not is_served(root)


@pytest.mark.usefixtures("program")
def test_a_worktree_with_its_own_configuration_is_installed_alone(root: Path) -> None:
    """The other worktrees are unchanged."""
    linked = root.parent / "linked"
    git(root, "config", "extensions.worktreeConfig", "true")

    done = fsmond("install", linked)

    assert "for this worktree" in done.stdout
    assert asks_fsmond(linked)
    assert values(root) == [None, None, None]
    fsmond("uninstall", linked)
    assert values(linked) == [None, None, None]


@pytest.mark.usefixtures("program")
def test_a_submodule_is_installed_alone(root: Path) -> None:
    """`uninstall` does not touch the superproject."""
    git(root, "submodule", "--quiet", "add", "../repository", "sub")
    submodule = root / "sub"
    with no_daemon_left(submodule):
        fsmond("install", root)
        assert fsmond("install", submodule).returncode == 0
        git(submodule, "status")
        assert value(submodule, "core.untrackedCache") == "true"
        pid = status(root)["pid"]

        assert fsmond("uninstall", submodule).returncode == 0

        assert not is_served(submodule)
        assert status(root)["pid"] == pid
        fsmond("uninstall", root)


@pytest.mark.usefixtures("program")
def test_it_is_installed_for_all_repositories_at_once(root: Path, tmp_path: Path) -> None:
    """The first git command in each starts its daemon."""
    settings = Path(os.environ["GIT_CONFIG_GLOBAL"])
    before = settings.read_bytes()

    done = fsmond("install", "--global", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert ("with --builtin, it would start its own daemon" in done.stdout) == git_has_client()
    assert value(root, "core.untrackedCache") == "true"
    git(root, "status")
    until(lambda: is_served(root))
    assert asks_fsmond(root)
    assert fsmond("uninstall", "--global", cwd=tmp_path).returncode == 0
    assert settings.read_bytes() == before


@pytest.mark.usefixtures("program")
def test_git_starts_fsmond_in_a_repository_that_is_made_later(tmp_path: Path) -> None:
    """It must not start its own daemon: that would go unnoticed."""
    fsmond("install", "--global", cwd=tmp_path)
    later = tmp_path / "later"
    later.mkdir()
    with no_daemon_left(later):
        git(later, "init", "--quiet")
        (later / "file").touch()

        for command in ("status", "add", "commit"):
            git(later, command, *{"add": ["--all"], "commit": ["--message=x"]}.get(command, []))

        until(lambda: is_served(later))
        assert status(later)["root"] == str(later)
        fsmond("uninstall", "--global", cwd=tmp_path)


@pytest.mark.parametrize("program", ["modern"], indirect=True)
@pytest.mark.usefixtures("program")
def test_a_global_builtin_install_reports_that_git_starts_its_own_daemon(tmp_path: Path) -> None:
    """The setting is made all the same."""
    done = fsmond("install", "--global", "--builtin", cwd=tmp_path)

    assert done.returncode == 0
    assert "Git starts its own daemon in each repository" in done.stdout
    assert "fsmond install --global --hook" in done.stdout
    fsmond("uninstall", "--global", cwd=tmp_path)


@pytest.mark.parametrize("program", ["modern"], indirect=True)
def test_install_replaces_gits_own_daemon(root: Path, program: str) -> None:
    """The user wants fsmond, not the daemon that the last `git status` started."""
    assert program
    git(root, "fsmonitor--daemon", "start")

    done = fsmond("install", root)

    assert "replaced git's own daemon" in done.stdout
    assert asks_fsmond(root)


@pytest.mark.usefixtures("program")
@pytest.mark.parametrize("version", ["1", "2"])
def test_an_older_cache_of_untracked_files_is_not_trusted(root: Path, version: str) -> None:
    """Git's first query has the current time, and Git would trust its cache for all other paths."""
    fsmond("start", root)  # early enough to know the changes since
    for each in (root / "folder" / "file", root / "folder", root):
        os.utime(each, (0, 0))  # Git checks again what is as new as its index
    git(root, "config", "core.untrackedCache", "true")
    git(root, "status")
    git(root, "status")
    (root / "folder" / "new").touch()
    client = Client(root, start=False)
    client.query()
    client.ask(b"1")  # the daemon records the time of this query

    fsmond("install", root)
    if value(root, "core.fsmonitor") != "true":
        git(root, "config", "core.fsmonitorHookVersion", version)

    assert git(root, "status", "--porcelain") == "?? folder/new\n"
    assert git(root, *REFERENCE, "status", "--porcelain") == "?? folder/new\n"
