"""The demonstration announces what it does in an existing repository."""

from contextlib import ExitStack
from pathlib import Path

import demo
import pytest
from support.running import git, make_repository


def test_a_directory_in_an_existing_repository_is_announced_and_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user may have a program open that watches the repository."""
    make_repository(tmp_path)
    git(tmp_path, "status")
    monkeypatch.setattr(demo, "COMMAND", Path(__file__))

    with ExitStack() as stack:
        _, folder, _ = demo.prepare(tmp_path, stack)
        output = capsys.readouterr().out
        made = {path.name for path in tmp_path.iterdir()}

    assert made == {".git", folder}
    assert f"{tmp_path / folder}/, a directory that is made now" in output
    assert {path.name for path in tmp_path.iterdir()} == {".git"}
