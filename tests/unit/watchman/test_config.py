"""The settings of a tree, and which directory is a project."""

import json
import os
from pathlib import Path

import pytest

from fsmond.watchman.errors import CommandError, RootError
from fsmond.watchman.trees import config


def settings(folder: Path, **fields: object) -> config.Config:
    """Write settings, and read them."""
    (folder / config.NAME).write_text(json.dumps(fields))
    return config.read(bytes(folder))


def test_there_need_not_be_settings(tmp_path: Path) -> None:
    """Then the defaults hold."""
    found = config.read(bytes(tmp_path))

    assert found.fields == {}
    assert found.settle is None


def test_ignored_directories_have_nothing_in_them(tmp_path: Path) -> None:
    """Nor are they reported; one whose name begins alike is another one."""
    found = settings(tmp_path, ignore_dirs=["build", "a/b/"])

    ignored = [
        path
        for path in (b"build", b"build/x", b"builder/x", b"a/b/c", b"a/c")
        if found.is_ignored(path)
    ]

    assert ignored == [b"build", b"build/x", b"a/b/c"]


def test_of_version_control_the_first_level_is_reported(tmp_path: Path) -> None:
    """Locks are there; what is further down is the version control system's own."""
    found = config.read(bytes(tmp_path))

    assert not found.is_ignored(b".hg/wlock")
    assert found.is_ignored(b".hg/store/data")


def test_the_file_system_says_whether_case_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the directory's own name, spelled otherwise; queries may say otherwise, too."""
    assert config.read(bytes(tmp_path)).case_sensitive is (os.name != "nt")

    monkeypatch.setattr(os.path, "samefile", lambda *_: True)  # as where case does not count
    assert not config.read(bytes(tmp_path)).case_sensitive


@pytest.mark.parametrize(
    "text", ["{", "[1]", '{"settle": "x"}', '{"settle": -1}', '{"ignore_dirs": "x"}', "[" * 9999]
)
def test_settings_that_are_not_valid_are_an_error(tmp_path: Path, text: str) -> None:
    """Else a directory that should be left out would not be, and nobody would know why."""
    (tmp_path / config.NAME).write_text(text)

    with pytest.raises(RootError, match="failed to parse json"):
        config.read(bytes(tmp_path))


@pytest.mark.parametrize("name", config.ROOT_FILES)
def test_a_project_is_where_its_mark_is(tmp_path: Path, name: str) -> None:
    """The nearest one."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / name).touch()

    assert config.project_of(str(tmp_path / "a" / "b")) == str(tmp_path / "a")


@pytest.mark.parametrize("path", ["relative", 5, None, "/no/such/directory", "/etc/passwd", "a\0b"])
def test_what_is_no_directory_is_an_error(path: object) -> None:
    """The message says which."""
    with pytest.raises(CommandError, match=r"directory|absolute|null"):
        config.directory_of(path)
