"""What is stored when something fails, or was refused."""

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from support.running import until

from fsmond.index.tree import Changed, Index
from fsmond.journal.history import Journal
from fsmond.monitor.history_store import HistoryStore
from fsmond.monitor.tree_state import TreeState
from fsmond.storage import format as format_
from fsmond.storage.file import LOCK, NAME, BusyError, HistoryFile
from fsmond.storage.format import Stored

SESSION = "0123456789abcdef"
EVERYTHING = Changed({b"": b"root", b"dir/": b"deep"}, is_everything=True)


class FullDisk(HistoryFile):
    """Writes nothing while `is_full`; calls `meanwhile` first."""

    is_full = False
    tries = 0

    def meanwhile(self) -> None:
        """Do nothing."""

    def append(self, pieces: Iterable[bytes]) -> None:
        self._refuse()
        super().append(pieces)

    def replace(self, pieces: Iterable[bytes]) -> None:
        self._refuse()
        super().replace(pieces)

    def _refuse(self) -> None:
        self.tries += 1
        self.meanwhile()
        if self.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def tree(tmp_path: Path) -> TreeState:
    """Return the state of a tree with one change."""
    journal = Journal(SESSION)
    journal.record([b"first"])
    return TreeState(os.fsencode(tmp_path), Index(os.fsencode(tmp_path)), journal)


@pytest.fixture
def file(tmp_path: Path) -> FullDisk:
    """Return a file whose disk may be full."""
    return FullDisk(str(tmp_path / "store"), {})


@pytest.fixture
def store(tree: TreeState, file: FullDisk) -> Iterator[HistoryStore]:
    """Return a started store."""
    store = HistoryStore(tree, file)
    assert store.load() is None
    store.start()
    yield store
    store.stop(save=False)


def change(tree: TreeState, *paths: bytes) -> None:
    """Record a change."""
    with tree.lock:
        tree.journal.record(paths)


def note(tree: TreeState, store: HistoryStore, changed: Changed) -> None:
    """Give a store the records of an index that is up to date."""
    with tree.lock:
        store.note_index(tree.journal.token.sequence, changed)


def ticking(store: HistoryStore, condition: Callable[[], object]) -> None:
    """Tick until a condition holds."""

    def holds() -> object:
        store.tick()
        return condition()

    until(holds)


def until_stored(tree: TreeState, store: HistoryStore) -> None:
    """Tick until the newest change is stored."""
    ticking(store, lambda: store._saved == tree.journal.token[:2])


def stored(tmp_path: Path) -> Stored:
    """Return what is stored."""
    found = HistoryFile(str(tmp_path / "store"), {}).read()
    assert found is not None
    return found


def test_nothing_is_stored_before_there_is_an_index(
    tree: TreeState, store: HistoryStore, tmp_path: Path
) -> None:
    """A journal alone says nothing about what changes while nobody watches."""
    change(tree, b"second")
    store.tick()
    store.stop(save=True)

    assert os.listdir(tmp_path / "store") == [LOCK]
    assert not store.status().stored


def test_the_journal_is_stored_while_the_index_stays(
    tree: TreeState, store: HistoryStore, tmp_path: Path
) -> None:
    """The index is then older than the journal: the next process reports the rest again."""
    note(tree, store, EVERYTHING)
    until_stored(tree, store)
    change(tree, b"second")
    until_stored(tree, store)

    found = stored(tmp_path)

    assert found.sequences == {b"first": 1, b"second": 2}
    assert (found.state["indexed"], found.state["sequence"]) == (1, 2)
    assert found.records == EVERYTHING.records


def test_the_end_stores_what_is_new(tree: TreeState, store: HistoryStore, tmp_path: Path) -> None:
    """Also the records, which otherwise wait for their turn."""
    note(tree, store, EVERYTHING)
    until_stored(tree, store)
    change(tree, b"second")
    note(tree, store, Changed({b"dir/": None, b"new/": b"x"}, is_everything=False))
    store.stop(save=True)

    found = stored(tmp_path)

    assert found.state["indexed"] == 2
    assert found.records == {b"": b"root", b"new/": b"x"}


def test_what_is_not_allowed_is_not_written(
    tree: TreeState, store: HistoryStore, tmp_path: Path
) -> None:
    """A directory that is being removed must not get new files."""
    store.is_allowed = lambda: False
    note(tree, store, EVERYTHING)
    store.tick()
    store.stop(save=True)

    assert os.listdir(tmp_path / "store") == [LOCK]


def test_a_full_disk_is_reported_and_the_old_content_is_used(
    tree: TreeState, store: HistoryStore, file: FullDisk, tmp_path: Path
) -> None:
    """Tokens that are stored stay valid; the store tries again later, and at the end."""
    note(tree, store, EVERYTHING)
    until_stored(tree, store)
    file.is_full = True
    change(tree, b"second")
    note(tree, store, Changed({b"dir/": b"newer"}, is_everything=False))
    ticking(store, lambda: store.status().reason)
    tries = file.tries
    store.tick()  # too early for another try

    assert os.strerror(errno.ENOSPC) in str(store.status().reason)
    assert store.status().stored
    assert stored(tmp_path).state["sequence"] == 1
    file.is_full = False
    store.stop(save=True)
    assert file.tries == tries + 1
    assert store.status().reason is None
    assert stored(tmp_path).sequences == {b"first": 1, b"second": 2}
    assert stored(tmp_path).records == {b"": b"root", b"dir/": b"newer"}


def test_records_that_are_complete_are_not_mixed_with_older_ones(
    tree: TreeState, store: HistoryStore, file: FullDisk, tmp_path: Path
) -> None:
    """A directory that vanished while the disk was full must have no record."""
    file.is_full = True
    newer = Changed({b"": b"newer root"}, is_everything=True)
    file.meanwhile = lambda: note(tree, store, newer)  # type: ignore[method-assign] # a hook
    note(tree, store, EVERYTHING)
    ticking(store, lambda: store.status().reason)
    file.is_full = False
    store.stop(save=True)

    assert stored(tmp_path).records == newer.records


@pytest.mark.parametrize("what", ["removed", "cut"])
def test_a_file_that_others_remove_or_cut_is_written_anew(
    tree: TreeState, store: HistoryStore, tmp_path: Path, what: str
) -> None:
    """To append would fail for ever; that tokens are stored would be wrong."""
    note(tree, store, EVERYTHING)
    until_stored(tree, store)
    if what == "removed":
        (tmp_path / "store" / NAME).unlink()
    else:
        os.truncate(tmp_path / "store" / NAME, 20)
    change(tree, b"second")
    ticking(store, lambda: store.status().reason)

    assert not store.status().stored
    assert store.wants_everything
    note(tree, store, EVERYTHING)
    store.stop(save=True)
    assert stored(tmp_path).sequences == {b"first": 1, b"second": 2}


def test_what_was_refused_says_nothing_about_the_new_index(
    tmp_path: Path, tree: TreeState, store: HistoryStore
) -> None:
    """Its sequences may be higher, if the clock was set back; changes would then be missed."""
    note(tree, store, EVERYTHING)
    store.stop(save=True)
    late = TreeState(tree.index.root, tree.index, Journal(SESSION[::-1], first=0))
    after = HistoryStore(late, HistoryFile(str(tmp_path / "store"), {}))
    assert after.load() is not None
    after.refuse("the clock was set back")
    after.start()
    note(late, after, EVERYTHING)
    after.stop(save=True)

    assert stored(tmp_path).state["indexed"] == late.journal.token.sequence == 0
    assert after.status().reason == "the clock was set back"


@pytest.mark.parametrize(
    ("field", "value"),
    [("session", 1), ("sequence", "1"), ("ended", []), ("earlier", None), ("indexed", "x")],
)
def test_a_state_of_other_types_is_refused(
    tmp_path: Path, tree: TreeState, file: FullDisk, field: str, value: object
) -> None:
    """Its checksum is right, so another program wrote it."""
    file.open()
    state = {**tree.journal.summary()._asdict(), "indexed": 0, "time": 0, field: value}
    file.replace([format_.end(state)])
    file.close()
    store = HistoryStore(tree, HistoryFile(str(tmp_path / "store"), {}))

    assert store.load() is None

    assert str(store.status().reason).startswith("it is damaged")
    store.stop(save=False)


@pytest.mark.usefixtures("store")
def test_a_second_process_waits_a_while_for_the_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tree: TreeState
) -> None:
    """The first may be about to end; if it stays, nothing is stored."""
    monkeypatch.setattr("fsmond.monitor.history_store._LOCK_TIMEOUT", 0.05)
    second = HistoryStore(tree, HistoryFile(str(tmp_path / "store"), {}))

    assert second.load() is None
    assert second.status().reason == f"another process uses {tmp_path / 'store'}"
    assert second.status().path is None
    second.start()
    second.stop(save=True)
    with pytest.raises(BusyError):
        HistoryFile(str(tmp_path / "store"), {}).open()  # the first one has it still


def test_the_thread_survives_no_surprise_but_says_so(
    tree: TreeState, store: HistoryStore, file: FullDisk
) -> None:
    """The tree is watched all the same."""

    def fail() -> None:
        raise ZeroDivisionError

    file.meanwhile = fail  # type: ignore[method-assign] # a hook
    note(tree, store, EVERYTHING)
    ticking(store, lambda: store.status().reason)

    assert store.status().reason == "it failed: ZeroDivisionError()"
    assert not store.status().stored
