"""fsmond in an archive, as `zipapp` makes it, or in a program that embeds Python."""

import shutil
import subprocess
import sys
import zipapp
from pathlib import Path

import platformdirs
import pytest
import watchdog
from support.installing import values
from support.running import LONG, git, is_served, no_daemon_left
from support.source_files import ROOT

OURS = [ROOT / "fsmond", ROOT / "ipc"]
THEIRS = [Path(str(package.__file__)).parent for package in (watchdog, platformdirs)]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return a program in one file, with all its dependencies."""
    for folder in OURS + THEIRS:
        shutil.copytree(folder, tmp_path / "parts" / folder.name)
    (tmp_path / "parts" / "__main__.py").write_text("from fsmond.entry_point import run; run()\n")
    zipapp.create_archive(tmp_path / "parts", tmp_path / "fsmond.pyz")
    return tmp_path / "fsmond.pyz"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository."""
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "--quiet")
    return root


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Python in isolated mode."""
    return subprocess.run(
        [sys.executable, "-I", *words], capture_output=True, text=True, timeout=LONG, check=False
    )


@pytest.mark.parametrize("command", ["start", "query"])
def test_a_daemon_is_started_from_an_archive(archive: Path, repository: Path, command: str) -> None:
    """No file of it can be passed to a Python as its program."""
    with no_daemon_left(repository):
        done = run("-S", archive, command, repository)

        assert (done.returncode, done.stderr) == (0, "")
        assert is_served(repository)


def test_no_hook_is_installed_from_an_archive(archive: Path, repository: Path) -> None:
    """It would fail at each git command."""
    done = run(archive, "install", "--hook", repository)

    assert done.returncode == 1
    assert "fsmond runs from an archive" in done.stderr
    assert values(repository) == [None] * 3


@pytest.mark.parametrize("executable", ["'/bin/true'", "None", "''"])
def test_a_hook_names_a_python_interpreter(repository: Path, executable: str) -> None:
    """In a program that embeds Python, `sys.executable` is not one."""
    code = (
        f"import sys; sys.executable = {executable}\n"
        "from fsmond.entry_point import run\n"
        "sys.argv[:] = ['fsmond', 'install', '--hook', sys.argv[1]]\n"
        "run()\n"
    )
    with no_daemon_left(repository):
        done = run("-c", code, repository)

        assert done.returncode == 0, done.stderr
        hook = values(repository)[0]
        assert hook is not None
        assert Path(hook.split()[0]).name.startswith("python")
        assert git(repository, "status", "--porcelain") == ""


def test_a_hook_that_does_not_work_is_not_installed(repository: Path, tmp_path: Path) -> None:
    """It is tried first: a file with a Python's name need not be one."""
    (tmp_path / "python").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "python").chmod(0o755)
    code = (
        f"import sys; sys.executable = {str(tmp_path / 'python')!r}\n"
        "from fsmond.entry_point import run\n"
        "sys.argv[:] = ['fsmond', 'install', '--hook', sys.argv[1]]\n"
        "run()\n"
    )

    done = run("-c", code, repository)

    assert done.returncode == 1
    assert "the hook would fail" in done.stderr
    assert values(repository) == [None] * 3


def test_names_cannot_control_a_terminal(tmp_path: Path) -> None:
    """A directory's name must not forge output of fsmond."""
    root = tmp_path / "a\x1b[31m\nfsmond is watching all"
    root.mkdir()
    (tmp_path / "file\x1b").touch()
    main = ROOT / "fsmond" / "__main__.py"
    with no_daemon_left(root):
        results = [
            run(main, "status", root),
            run(main, "start", root),
            run(main, "status", root),
            run(main, "query", "--no-start", root / "gone"),
            run(main, "status", tmp_path / "file\x1b"),
        ]

    assert not any("\x1b" in done.stdout + done.stderr for done in results)
    lines = [line for done in results for line in done.stdout.splitlines()]
    assert not any(line.startswith("fsmond is watching") for line in lines)
