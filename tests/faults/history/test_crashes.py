"""A process ends at any system call with which it stores its history."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from support.restarts import make_tree, monitored, token_of
from support.running import LONG
from support.systems import unix_only
from support.trees import truth

pytestmark = unix_only
PROGRAM = Path(__file__).with_name("crashing.py")
KILLED = 9
STRIDE = 4  # every so many calls are tried by default
MOST = 200  # calls; there are some fifty


class Told(NamedTuple):
    """What a client of the killed process knows."""

    token: bytes
    tree: truth.Tree
    is_stored: bool


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """Make a tree to copy."""
    make_tree(tmp_path / "template")
    return tmp_path / "template"


def crash(root: Path, call: int, how: str) -> tuple[list[Told], bool]:
    """Run the program to its end; return what it told, and whether it was killed."""
    done = subprocess.run(
        [sys.executable, PROGRAM, root, str(call), how],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        timeout=LONG,
        check=False,
    )
    assert done.returncode in (0, KILLED), done.stderr.decode()
    lines = [ast.literal_eval(line) for line in done.stdout.decode().split("\n")[:-1]]
    saved = max((at for at, (what, *_) in enumerate(lines) if what == "saved"), default=-1)
    told = [
        Told(line[1], line[2], at < saved) for at, line in enumerate(lines) if line[0] == "token"
    ]
    return told, done.returncode == KILLED


def check(root: Path, told: list[Told], what: str) -> None:
    """Watch the tree again; hold the answers against it.  Raises AssertionError."""
    with monitored(root) as monitor:
        answers = [monitor.query(each.token) for each in told]
        now = truth.snapshot(root)
        assert monitor.query(token_of(monitor)).paths == []
    for each, answer in zip(told, answers, strict=True):
        if answer.paths is None:
            assert not each.is_stored, f"{what}: {each.token!r} was stored, but {answer.reason}"
            assert answer.reason == "restart", what
            continue
        missed = truth.unreported(each.tree, now, answer.paths)
        assert not missed, f"{what}: not reported: {sorted(missed)}"
        assert b"quiet/four" not in answer.paths, what


def change_a_little(root: Path) -> None:
    """Edit a file, and remove what was reported but may be in no stored index."""
    (root / "other" / "three").write_text("later")
    for name in ("new", "brief"):
        for path in [*root.rglob(name)]:
            path.unlink()


@pytest.mark.parametrize("how", ["whole", pytest.param("half", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "first", [1, *(pytest.param(each, marks=pytest.mark.slow) for each in range(2, STRIDE + 1))]
)
def test_a_crash_at_any_call_misses_no_change(
    template: Path, tmp_path: Path, first: int, how: str
) -> None:
    """An answer is exact, or "everything"; it is exact if the token was stored."""
    for call in range(first, MOST, STRIDE):
        folder = tmp_path / f"{call}"
        root = folder / "root"
        shutil.copytree(template, root)
        told, was_killed = crash(root, call, how)
        what = f"at call {call}, {how}"
        if call // STRIDE % 2:
            change_a_little(root)

        check(root, told, what)
        shutil.rmtree(root / "dir", ignore_errors=True)
        change_a_little(root)
        check(root, [each for each in told if each.is_stored], f"{what}, for the second time")

        shutil.rmtree(folder)
        if not was_killed:
            assert all(each.is_stored for each in told)
            assert len(told) == 6
            return
    pytest.fail("it never ended by itself")
