"""Which program is run as Git on Windows."""

import shutil
import sys
from pathlib import Path

import pytest

from fsmond.git.program import GitError, git

if sys.platform != "win32":
    pytest.skip("only for Windows", allow_module_level=True)


@pytest.mark.parametrize("folders", ["", ".", ";;"])
def test_a_program_in_the_current_directory_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folders: str
) -> None:
    """It may come from an untrusted repository; Windows by itself searches there first."""
    shutil.copy(r"C:\windows\system32\cmd.exe", tmp_path / "git.exe")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", folders)

    with pytest.raises(GitError, match="no git in PATH"):
        git("version")


def test_a_program_in_path_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also from a folder that is quoted in PATH."""
    shutil.copy(r"C:\windows\system32\cmd.exe", tmp_path / "git.exe")
    monkeypatch.setenv("PATH", f'C:\\no;"{tmp_path}"')

    assert git("/c", "echo", "it") == b"it\r"
