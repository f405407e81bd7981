"""Days of work: pieces of work in order, or at random."""

from collections.abc import Iterator

from support.work import of_kinds as work_of_kinds
from support.work import on_files as work_on_files
from support.work import with_git as work_with_git
from support.work.person import Person, Piece

_STOPS = 0.1  # the chance that a piece ends at a pause


def usual_day(person: Person, kind: str, *, share: float = 1.0) -> Iterator[str]:
    """Do a share of all pieces, in order; yield a description of each pause.

    The pieces for the kind of repository are always done.
    """
    always = (work_with_git.tidy_up, *work_of_kinds.PIECES.get(kind, ()))
    for piece in _pieces(kind):
        if piece in always or person.chance.random() < share:
            for number, _ in enumerate(piece(person), start=1):
                yield f"at pause {number} of {piece.__name__}"


def wild_days(person: Person, kind: str) -> Iterator[str]:
    """Do random pieces, some only in part, for ever; yield at each pause what was done.

    Git commands may fail, and files may be missing.
    """
    person.forgiving = True
    pieces: list[Piece] = [*_pieces(kind), *[Person.run_wild] * 4]
    while True:
        piece = person.chance.choice(pieces)
        person.log.append(piece.__name__)
        work = piece(person)
        while _continues(work):
            yield f"after {[*person.log]}"
            if person.chance.random() < _STOPS:
                break


def _continues(work: Iterator[None]) -> bool:
    try:
        next(work)
    except (StopIteration, OSError):
        return False
    return True


def _pieces(kind: str) -> tuple[Piece, ...]:
    return (*work_on_files.PIECES, *work_with_git.PIECES, *work_of_kinds.PIECES.get(kind, ()))
