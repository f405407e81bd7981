"""`fsmond install` where there can be no monitor, or where it would not be safe."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from installing import asks_fsmond, value, values
from running import FSMOND, fsmond, git

import fsmond as package


def test_a_setting_that_hides_ours_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else people would wonder for long why it does nothing."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "false")

    done = fsmond("install", root)

    assert "core.fsmonitor is false by another setting" in done.stderr


def test_where_git_has_no_monitor_nothing_is_installed(root: Path, tmp_path: Path) -> None:
    """The reason is said in a line."""
    git(tmp_path, "clone", "--quiet", "--bare", "repository", "bare")
    (tmp_path / "nothing").mkdir()

    for place, reason in {
        tmp_path / "bare": "bare repository",
        tmp_path / "nothing": "not a git repository",
        root / ".git": "must be run in a work tree",
        tmp_path / "gone": "cannot change to",
    }.items():
        done = fsmond("install", place)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert reason in done.stderr
        assert fsmond("uninstall", place).returncode == 1
    assert values(root) == [None, None, None]


def pretend(folder: Path, monkeypatch: pytest.MonkeyPatch, lines: str) -> None:
    """Put a git before the real one that answers some commands itself."""
    real = shutil.which("git")
    folder.mkdir()
    (folder / "git").write_text(f'#!/bin/sh\n{lines}\nexec "{real}" "$@"\n')
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("version", "option", "reason"),
    [
        ("2.15.1", "--hook", "git 2.15 knows no monitors"),
        ("2.20.0", "--builtin", "git 2.20 would take core.fsmonitor=true for a hook's name"),
        ("2.30.0", "--builtin", "git 2.30 asks no daemon itself"),
        ("of somebody's", "--hook", "does not tell its version"),
    ],
)
def test_a_git_that_is_too_old_is_refused(
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    version: str,
    option: str,
    reason: str,
) -> None:
    """With the boolean, one before 2.26 would tell its user that nothing changes any more."""
    answer = f'[ "$1" = version ] && {{ echo "git version {version}"; exit; }}'
    pretend(tmp_path / "old", monkeypatch, answer)

    done = fsmond("install", option, root)

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert reason in done.stderr
    assert values(root) == [None, None, None]


def test_an_old_git_gets_the_hook(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no other door."""
    answer = '[ "$1" = version ] && { echo "git version 2.25.4 (Somebody\'s 7)"; exit; }'
    pretend(tmp_path / "old", monkeypatch, answer)

    assert fsmond("install", root).returncode == 0

    assert str(value(root, "core.fsmonitor")).endswith("__main__.py hook")


def test_what_git_refuses_is_refused_with_its_reason(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for a worktree on another machine's file system."""
    pretend(
        tmp_path / "refusing",
        monkeypatch,
        '[ "$1" = version ] && { echo "git version 2.55.0"; echo "feature: fsmonitor--daemon"; '
        'exit; }\ncase "$*" in *fsmonitor--daemon*) echo "fatal: remote repository" >&2; exit 128; '
        "esac",
    )

    done = fsmond("install", root)

    assert (done.returncode, done.stderr) == (1, "fsmond: Git refuses: remote repository\n")
    assert values(root) == [None, None, None]


@pytest.mark.parametrize("command", ["install", "uninstall", "status", "verify", "flush", "stop"])
def test_a_pipe_in_the_place_of_the_configuration_is_named(root: Path, command: str) -> None:
    """Git itself waits for somebody who writes, and so would we."""
    if sys.platform == "win32":
        pytest.skip("there are no pipes")
    config = root / ".git" / "config"
    config.rename(root / "kept")
    os.mkfifo(config)

    done = fsmond(command, root)
    config.unlink()
    (root / "kept").rename(config)

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"{config} is no regular file" in done.stderr


def test_without_git_it_is_said_that_there_is_none(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing else."""
    monkeypatch.setenv("PATH", "/nowhere")

    done = fsmond("install", root)
    monkeypatch.undo()

    assert (done.returncode, done.stderr) == (1, "fsmond: there is no git in PATH; install it\n")


def test_a_hook_in_the_repository_itself_is_refused(root: Path) -> None:
    """Whoever's branch is checked out could put another program in its place."""
    source = Path(package.__file__).parent
    for each in (source, source.with_name("ipc")):
        shutil.copytree(each, root / ".venv" / each.name)
    environment = {**os.environ, "PYTHONPATH": str(root / ".venv")}

    done = subprocess.run(
        [sys.executable, "-P", "-m", "fsmond", "install", "--hook", root],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert ".venv/fsmond/__main__.py is in the worktree" in done.stderr
    assert values(root) == [None, None, None]


def test_the_hook_says_in_a_line_that_it_is_gone(root: Path, tmp_path: Path) -> None:
    """Its virtual environment was removed: Git looks at everything, and goes on."""
    source = Path(package.__file__).parent
    for each in (source, source.with_name("ipc")):
        shutil.copytree(each, tmp_path / "packages" / each.name)
    others = os.environ.get("PYTHONPATH", "")
    path = f"{tmp_path / 'packages'}{os.pathsep}{others}".rstrip(os.pathsep)
    environment = {**os.environ, "PYTHONPATH": path}
    command = [*FSMOND[:1], "-P", *FSMOND[1:], "install", "--hook", str(root)]
    subprocess.run(command, env=environment, capture_output=True, check=True)
    assert asks_fsmond(root)
    shutil.rmtree(tmp_path / "packages")
    (root / "new").touch()

    done = subprocess.run(
        ["git", "status", "--porcelain"], cwd=root, capture_output=True, text=True, check=True
    )

    assert done.stdout == "?? new\n"
    assert done.stderr.count("\n") == 1
