"""What every watcher must report: one suite for all of them."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.backends import BACKENDS, lacking, until_built, wait_until_not_racy, watching
from support.trees.directories import OF_DIRECTORIES
from support.trees.files import FLOOD, OF_FILES
from support.trees.script import EXCLUDED, FILES, FOLDERS, Script, Turn
from support.trees.steps import make
from support.wine import reporting_all_directories

Ask = Callable[[], set[bytes] | None]


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Make a tree with some directories and files."""
    tree = tmp_path / "tree"
    tree.mkdir()
    with reporting_all_directories(tree):
        for name in FOLDERS:
            (tree / name).mkdir(parents=True)
        for name in FILES:
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(name)
        yield tree


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Parametrize over the ways of watching."""
    return str(request.param)


@pytest.fixture
def ask(root: Path, backend: str, script: Script) -> Iterator[Ask]:
    """Watch the tree; each call returns what changed since the previous one."""
    wait_until_not_racy(root, backend)
    with watching(root, backend, EXCLUDED) as monitor:
        if "hard-links" in script.needs:
            until_built(monitor)
        token = bytes(monitor.query(None).token)

        def ask() -> set[bytes] | None:
            nonlocal token
            changes = monitor.query(token)
            token = bytes(changes.token)
            if backend == "scanning" and changes.reason == "degraded":
                return None  # names changed in the root
            assert changes.paths is not None, changes.reason
            assert len(changes.paths) == len(set(changes.paths))
            return set(changes.paths)

        yield ask


@pytest.mark.parametrize(
    "script", [*OF_FILES, *OF_DIRECTORIES, FLOOD], ids=lambda script: script.name
)
def test_changes_are_reported(
    script: Script, backend: str, ask: Ask, root: Path, tmp_path: Path
) -> None:
    """Each script states why it is needed."""
    lacks = lacking(tmp_path, backend, script.needs)
    if lacks:
        pytest.skip(lacks)
    before: set[bytes] = set()
    if backend == "FSEvents":  # which may also report changes from just before the start
        before = {part.encode() for path in FILES for part in (path, os.path.dirname(path)) if part}
    for turn in script.turns:
        wait_until_not_racy(root, backend)
        for step in turn.steps:
            make(root, step)
        answer, reported = ask(), set(map(os.fsencode, turn.reported))
        before |= reported | set(map(os.fsencode, turn.transient))
        if answer is None:
            continue
        if backend != "scanning":
            reported |= set(map(os.fsencode, turn.transient))
        assert answer >= reported
        assert not answer - reported - _allowed(turn, backend, answer, before)


def _allowed(turn: Turn, backend: str, answer: set[bytes], before: set[bytes]) -> set[bytes]:
    """Return what else an answer may contain."""
    if turn.more:
        return answer
    if backend == "inotify":
        return set()
    # What was removed may have been a directory; what changed just now may have changed again.
    bare = {path.rstrip(b"/") for path in before}
    if backend == "scanning":  # it reports directories in which names appeared or disappeared
        bare |= {os.path.dirname(path) for path in bare} - {b""}
    return bare | {path + b"/" for path in bare}
