"""fsmond in an archive, as `zipapp` makes it, or in a program that has Python inside."""

import shutil
import subprocess
import sys
import zipapp
from pathlib import Path

import platformdirs
import pytest
import watchdog
from installing import values
from running import LONG, git, is_served, no_daemon_left
from source_files import ROOT

OURS = [ROOT / "fsmond", ROOT / "ipc"]
THEIRS = [Path(str(package.__file__)).parent for package in (watchdog, platformdirs)]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return a program in one file, with all that it needs."""
    for folder in OURS + THEIRS:
        shutil.copytree(folder, tmp_path / "parts" / folder.name)
    (tmp_path / "parts" / "__main__.py").write_text("from fsmond.door import run; run()\n")
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
    """Run Python, without what is installed for it."""
    return subprocess.run(
        [sys.executable, "-I", *words], capture_output=True, text=True, timeout=LONG, check=False
    )


@pytest.mark.parametrize("command", ["start", "query"])
def test_a_daemon_is_started_from_an_archive(archive: Path, repository: Path, command: str) -> None:
    """Its files are none that a Python could be given."""
    with no_daemon_left(repository):
        done = run("-S", archive, command, repository)

        assert (done.returncode, done.stderr) == (0, "")
        assert is_served(repository)


def test_no_hook_is_installed_from_an_archive(archive: Path, repository: Path) -> None:
    """It would fail at each command of Git's."""
    done = run(archive, "install", "--hook", repository)

    assert done.returncode == 1
    assert "cannot run a hook that is in an archive" in done.stderr
    assert values(repository) == [None] * 3


@pytest.mark.parametrize("executable", ["'/bin/true'", "None", "''"])
def test_a_hook_is_run_by_a_python(repository: Path, executable: str) -> None:
    """In a program that has Python inside, its own file is no such."""
    code = (
        f"import sys; sys.executable = {executable}\n"
        "from fsmond.door import run; sys.argv[:] = ['fsmond', 'install', '--hook', sys.argv[1]]\n"
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
    """Whatever has a Python's name is tried."""
    (tmp_path / "python").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "python").chmod(0o755)
    code = (
        f"import sys; sys.executable = {str(tmp_path / 'python')!r}\n"
        "from fsmond.door import run; sys.argv[:] = ['fsmond', 'install', '--hook', sys.argv[1]]\n"
        "run()\n"
    )

    done = run("-c", code, repository)

    assert done.returncode == 1
    assert "the hook would fail" in done.stderr
    assert values(repository) == [None] * 3


def test_names_command_no_terminal(tmp_path: Path) -> None:
    """Whoever names a directory must not write what we seem to say."""
    root = tmp_path / "a\x1b[31m\nfsmond is watching all"
    root.mkdir()
    (tmp_path / "file\x1b").touch()
    main = ROOT / "fsmond" / "__main__.py"
    with no_daemon_left(root):
        told = [
            run(main, "status", root),
            run(main, "start", root),
            run(main, "status", root),
            run(main, "query", "--no-start", root / "gone"),
            run(main, "status", tmp_path / "file\x1b"),
        ]

    assert not any("\x1b" in done.stdout + done.stderr for done in told)
    lines = [line for done in told for line in done.stdout.splitlines()]
    assert not any(line.startswith("fsmond is watching") for line in lines)
