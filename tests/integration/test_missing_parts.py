"""A dependency is missing: the error is one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import fsmond as package


@pytest.mark.parametrize("command", ["start", "query"])
def test_the_error_names_the_missing_library(tmp_path: Path, command: str) -> None:
    """It is no traceback, whose first line says nothing."""
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
    assert "watchdog" in done.stderr or "pywin32" in done.stderr


_WITHOUT = """\
import runpy, sys
main, *sys.argv[1:] = sys.argv[1:]
sys.path.append(main.rpartition("fsmond")[0])
from fsmond.process import spawn
spawn.libraries = lambda root: []
child = spawn.Child.__init__
spawn.Child.__init__ = lambda self, words, *rest: child(
    self, [words[0], "-S", *words[1:]], *rest)
sys.modules["watchdog"] = None  # for a fork of this process
runpy.run_path(main, run_name="__main__")
"""


def test_a_missing_runtime_folder_is_no_error(tmp_path: Path) -> None:
    """Another folder is used, and people did nothing wrong."""
    environment = {key: value for key, value in os.environ.items() if key != "XDG_RUNTIME_DIR"}

    done = subprocess.run(
        [sys.executable, "-m", "fsmond", "status", tmp_path],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    ("name", "advice"),
    [("ipc", "pip uninstall ipc"), ("rich", "the package rich is missing")],
)
def test_what_another_package_replaced_or_removed_is_named(
    tmp_path: Path, name: str, advice: str
) -> None:
    """PyPI has another ipc, whose files replace ours."""
    main = Path(package.__file__).with_name("__main__.py")
    program = (
        "import runpy, sys\n"
        "main, name, *sys.argv[1:] = sys.argv[1:]\n"
        "sys.path.append(main.rpartition('fsmond')[0])\n"
        "sys.modules[name + '.client' if name == 'ipc' else name] = None\n"
        "runpy.run_path(main, run_name='__main__')\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(main), name, "doctor", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert advice in done.stderr
