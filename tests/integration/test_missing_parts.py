"""Something that fsmond needs is missing: it is said in a line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import fsmond as package


@pytest.mark.parametrize("command", ["start", "query"])
def test_a_daemon_without_its_libraries_says_which_one(tmp_path: Path, command: str) -> None:
    """Not by a traceback, of which the first line says nothing."""
    main = Path(package.__file__).with_name("__main__.py")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").touch()

    done = subprocess.run(
        [sys.executable, "-I", "-c", _WITHOUT, str(main), command, str(tmp_path)],
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "the daemon failed: ModuleNotFoundError: No module named" in done.stderr


_WITHOUT = """\
import runpy, sys
main, *sys.argv[1:] = sys.argv[1:]
sys.path.append(main.rpartition("fsmond")[0])
import fsmond.daemon.spawn as spawning
spawning.libraries = lambda root: []
child = spawning.Child.__init__
spawning.Child.__init__ = lambda self, words, *rest: child(
    self, [words[0], "-S", *words[1:]], *rest)
sys.modules["watchdog"] = None  # for what is a copy of this process
runpy.run_path(main, run_name="__main__")
"""


def test_without_a_runtime_folder_nothing_is_said(tmp_path: Path) -> None:
    """Another place is taken, and people did nothing wrong."""
    environment = {key: value for key, value in os.environ.items() if key != "XDG_RUNTIME_DIR"}

    done = subprocess.run(
        [sys.executable, "-m", "fsmond", "status", tmp_path],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, "")
