"""Pieces of work for certain kinds of repository."""

import shutil
from collections.abc import Iterator

from support.work.person import Person, Piece
from support.work.repositories import AREAS, FAR


def widen_and_narrow(person: Person) -> Iterator[None]:
    """Check out more, and less, and make files outside of the sparse checkout."""
    person.git("sparse-checkout", "add", f"{FAR}/0")
    yield
    person.append(person.file(f"{FAR}/0"))
    person.write(f"{FAR}/0/deep/untracked")
    person.write(f"{FAR}/1/elsewhere")
    yield
    shutil.rmtree(person.root / FAR / "1")
    person.commit()
    person.git("sparse-checkout", "set", *AREAS)
    yield
    person.git("sparse-checkout", "reapply")
    person.append(person.file("src"))
    yield


def record_above(person: Person) -> Iterator[None]:
    """Record the current commit in the superproject, work on, and go back to that commit."""
    above = person.repository.above
    assert above is not None
    person.git("add", ".", where=above)
    yield
    recorded = person.new_name()
    person.git("commit", "--quiet", "--allow-empty", "--message", recorded, where=above)
    person.commit()
    yield
    person.git("submodule", "--quiet", "update", where=above)
    yield
    person.go_home()
    (above / "b" / "c" / person.new_name()).touch()
    yield


def split_anew(person: Person) -> Iterator[None]:
    """Write a new shared index, with pending changes and without."""
    person.append(person.file("src"))
    person.git("update-index", "--split-index")
    yield
    person.git("add", "--update")
    person.append(person.file("lib"))
    yield
    person.git("-c", "splitIndex.maxPercentChange=0", "add", "--all")
    person.append(person.file("src"))
    yield


PIECES: dict[str, tuple[Piece, ...]] = {
    "sparse": (widen_and_narrow,),
    "submodule": (record_above,),
    "split": (split_anew,),
}
