"""The demonstration says what it does in a repository that is not its own."""

from contextlib import ExitStack
from pathlib import Path

import demo
import pytest
from running import git, make_repository


def test_a_directory_in_somebodys_repository_is_announced_and_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who named the repository may have something open there that looks at it."""
    make_repository(tmp_path)
    git(tmp_path, "status")
    monkeypatch.setattr(demo, "COMMAND", Path(__file__))

    with ExitStack() as stack:
        _, place, _ = demo.set_stage(tmp_path, stack)
        said = capsys.readouterr().out
        made = {path.name for path in tmp_path.iterdir()}

    assert made == {".git", place}
    assert f"{tmp_path / place}/, a directory that is made now" in said
    assert {path.name for path in tmp_path.iterdir()} == {".git"}
