"""Completion of the command line by shells."""

import shutil
import subprocess
from pathlib import Path

import pytest
from support.running import fsmond
from support.systems import IS_WINDOWS

ASK = """
eval "$(cat "$1")"
COMP_WORDS=(fsmond "${@:2}"); COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
_shtab_fsmond fsmond "${COMP_WORDS[COMP_CWORD]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def printed(shell: str) -> str:
    """Return what the command prints for a shell."""
    done = fsmond("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_all_commands_can_be_completed(shell: str) -> None:
    """In each of the shells."""
    text = printed(shell)

    assert all(name in text for name in ("subscribe", "git-daemon", "doctor", "gitignore"))


def test_another_shell_is_an_error() -> None:
    """With those that there are."""
    done = fsmond("completion", "tcl")

    assert done.returncode == 2
    assert "powershell" in done.stderr


@pytest.mark.skipif(IS_WINDOWS or shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("words", "expected"),
    [(["sub"], "subscribe"), (["query", "--gi"], "--gitignore"), (["start", "--rep"], "--replace")],
)
def test_bash_completes_words(tmp_path: Path, words: list[str], expected: str) -> None:
    """Asked as bash asks."""
    program = tmp_path / "completion"
    program.write_text(printed("bash"))

    done = subprocess.run(
        ["bash", "-c", ASK, "bash", str(program), *words],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == [expected]
