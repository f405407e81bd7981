"""What every watcher must report, one suite for all of them."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from backends import BACKENDS, lacking, settle, until_built, watching
from script import EXCLUDED, FILES, FOLDERS, Script, Turn
from scripts_of_directories import OF_DIRECTORIES
from scripts_of_files import FLOOD, OF_FILES
from steps import make
from wine import telling_of_all

Ask = Callable[[], set[bytes] | None]


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Make a tree with some directories and files."""
    tree = tmp_path / "tree"
    tree.mkdir()
    with telling_of_all(tree):
        for name in FOLDERS:
            (tree / name).mkdir(parents=True)
        for name in FILES:
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(name)
        yield tree


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Give each way to watch in turn."""
    return str(request.param)


@pytest.fixture
def ask(root: Path, backend: str, script: Script) -> Iterator[Ask]:
    """Watch the tree; each call returns what changed since the one before."""
    settle(root, backend)
    with watching(root, backend, EXCLUDED) as monitor:
        if "hard-links" in script.needs:
            until_built(monitor)
        token = bytes(monitor.query(None).token)

        def ask() -> set[bytes] | None:
            nonlocal token
            missed = monitor.query(token)
            token = bytes(missed.token)
            if backend == "scanning" and missed.reason == "degraded":
                return None  # names changed in the root
            assert missed.paths is not None, missed.reason
            assert len(missed.paths) == len(set(missed.paths))
            return set(missed.paths)

        yield ask


@pytest.mark.parametrize(
    "script", [*OF_FILES, *OF_DIRECTORIES, FLOOD], ids=lambda script: script.name
)
def test_what_changes_is_told(
    script: Script, backend: str, ask: Ask, root: Path, tmp_path: Path
) -> None:
    """See each script for the reason that it is there."""
    lacks = lacking(tmp_path, backend, script.needs)
    if lacks:
        pytest.skip(lacks)
    before: set[bytes] = set()
    if backend == "FSEvents":  # which may tell of what was just before it was asked
        before = {part.encode() for path in FILES for part in (path, os.path.dirname(path)) if part}
    for turn in script.turns:
        settle(root, backend)
        for step in turn.steps:
            make(root, step)
        answer, told = ask(), set(map(os.fsencode, turn.told))
        before |= told | set(map(os.fsencode, turn.passing))
        if answer is None:
            continue
        if backend != "scanning":
            told |= set(map(os.fsencode, turn.passing))
        assert answer >= told
        assert not answer - told - _allowed(turn, backend, answer, before)


def _allowed(turn: Turn, backend: str, answer: set[bytes], before: set[bytes]) -> set[bytes]:
    """Return what an answer may hold besides."""
    if turn.more:
        return answer
    if backend == "inotify":
        return set()
    # What went may have been a directory or not; what changed just now may have changed again.
    bare = {path.rstrip(b"/") for path in before}
    if backend == "scanning":  # a directory in which names came or went is told itself
        bare |= {os.path.dirname(path) for path in bare} - {b""}
    return bare | {path + b"/" for path in bare}
