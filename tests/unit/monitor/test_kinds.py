"""What a comparison tells of names whose directory is another one by now."""

import os
from pathlib import Path

import pytest

from fsmond.index.difference import Difference, Kind
from fsmond.index.tree import Index
from fsmond.journal.history import Journal
from fsmond.monitor.kinds import ChangeKind, changes, check_presence, note_names, presence_in
from fsmond.monitor.tree_state import TreeState

FOLDER, FILE = b"folder/", b"folder/file"


@pytest.fixture
def tree(tmp_path: Path) -> TreeState:
    """Return a tree in which `folder/file` is there, and was there when it was last recorded."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").touch()
    root = os.fsencode(tmp_path)
    tree = TreeState(root, Index(root), Journal("0123456789abcdef"))
    record(tree, FOLDER, FILE)
    tree.journal.lifetimes.begin(FILE, tree.journal.token.sequence)
    return tree


def record(tree: TreeState, *paths: bytes) -> int:
    """Record a change; return its sequence."""
    tree.journal.record(paths)
    return tree.journal.token.sequence


def kind_after_comparison(tree: TreeState, kind: Kind, since: int) -> ChangeKind:
    """Return the kind of change that is told since a sequence, if a comparison found this."""
    record(tree, FILE)
    note_names(tree, presence_in([Difference(FILE, kind)]))
    return changes(tree, [FILE], since)[0].kind


@pytest.mark.parametrize("kind", [Kind.CHANGED, Kind.REPLACED])
def test_a_path_that_differs_was_there_before(tree: TreeState, kind: Kind) -> None:
    """As its record says."""
    since = tree.journal.token.sequence

    assert kind_after_comparison(tree, kind, since) is ChangeKind.MODIFIED


@pytest.mark.parametrize("kind", [Kind.NEW, Kind.CHANGED, Kind.REPLACED])
def test_a_path_in_another_directory_of_that_name_is_created(tree: TreeState, kind: Kind) -> None:
    """Its record, or an older event, is of a file in the directory that was there before.

    Nobody knows whether the new directory had one, too, when the client asked.
    """
    since = record(tree, FOLDER)
    tree.journal.lifetimes.begin(FOLDER, since)

    assert kind_after_comparison(tree, kind, since) is ChangeKind.CREATED


def test_a_path_whose_directory_is_back_in_its_place_is_created(tree: TreeState) -> None:
    """Meanwhile another directory was there, which may have had no such path."""
    since = record(tree, FOLDER)
    tree.journal.lifetimes.begin(FOLDER, since)
    record(tree, FILE)

    check_presence(tree, [FILE])

    assert changes(tree, [FILE], since)[0].kind is ChangeKind.CREATED


def test_a_path_that_was_there_all_the_time_is_modified(tree: TreeState) -> None:
    """It changed again while nobody watched."""
    since = record(tree, FILE)

    check_presence(tree, [FILE])

    assert changes(tree, [FILE], since)[0].kind is ChangeKind.MODIFIED
