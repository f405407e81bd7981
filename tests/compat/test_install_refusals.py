"""`fsmond install` refuses if there can be no monitor, or if the hook would be unsafe."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.installing import asks_fsmond, value, values
from support.running import FSMOND, fsmond, git

import fsmond as package


def test_a_setting_that_overrides_ours_is_reported(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise people would not know why fsmond has no effect."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "false")

    done = fsmond("install", root)

    assert "another setting overrides core.fsmonitor, which is false" in done.stderr


def test_without_a_worktree_nothing_is_installed(root: Path, tmp_path: Path) -> None:
    """The reason is one line."""
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
    """Put a git first in PATH that answers some commands itself."""
    real = shutil.which("git")
    folder.mkdir()
    (folder / "git").write_text(f'#!/bin/sh\n{lines}\nexec "{real}" "$@"\n')
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("version", "option", "reason"),
    [
        ("2.15.1", "--hook", "git 2.15 supports no monitor"),
        ("2.20.0", "--builtin", "git 2.20 would take core.fsmonitor=true for the name of a hook"),
        ("2.30.0", "--builtin", "git 2.30 cannot query a daemon itself"),
        ("of somebody's", "--hook", "printed no version"),
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
    """With the boolean, a git before 2.26 would report that nothing changed, for ever."""
    answer = f'[ "$1" = version ] && {{ echo "git version {version}"; exit; }}'
    pretend(tmp_path / "old", monkeypatch, answer)

    done = fsmond("install", option, root)

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert reason in done.stderr
    assert values(root) == [None, None, None]


def test_an_old_git_gets_the_hook(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It supports nothing else."""
    answer = '[ "$1" = version ] && { echo "git version 2.25.4 (Somebody\'s 7)"; exit; }'
    pretend(tmp_path / "old", monkeypatch, answer)

    assert fsmond("install", root).returncode == 0

    assert str(value(root, "core.fsmonitor")).endswith("__main__.py hook")


def test_a_refusal_of_git_is_reported_with_its_reason(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For example for a worktree on a remote file system."""
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
def test_a_fifo_instead_of_the_configuration_is_reported(root: Path, command: str) -> None:
    """Git itself blocks until there is a writer; fsmond must not."""
    if sys.platform == "win32":
        pytest.skip("Windows has no FIFOs")
    config = root / ".git" / "config"
    config.rename(root / "kept")
    os.mkfifo(config)

    done = fsmond(command, root)
    config.unlink()
    (root / "kept").rename(config)

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"{config} is not a regular file" in done.stderr


def test_a_missing_git_is_reported(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has one line."""
    monkeypatch.setenv("PATH", "/nowhere")

    done = fsmond("install", root)
    monkeypatch.undo()

    assert (done.returncode, done.stderr) == (1, "fsmond: there is no git in PATH; install it\n")


def test_a_hook_in_the_repository_itself_is_refused(root: Path) -> None:
    """A branch that is checked out could replace the program."""
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


def test_a_missing_hook_is_reported_in_one_line(root: Path, tmp_path: Path) -> None:
    """Its virtual environment was removed: Git scans everything, and works on."""
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
