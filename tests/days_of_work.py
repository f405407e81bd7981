"""Days of work: pieces of it in a row, or as chance has it."""

from collections.abc import Iterator

import work_of_kinds
import work_on_files
import work_with_git
from person import Person, Piece

_LEAVES_OFF = 0.1  # the chance that a piece ends at a pause


def usual_day(person: Person, kind: str, *, share: float = 1.0) -> Iterator[str]:
    """Do a share of all pieces, in their order; say at each pause where it is.

    What belongs to the kind of repository is always done.
    """
    always = (work_with_git.tidy_up, *work_of_kinds.PIECES.get(kind, ()))
    for piece in _pieces(kind):
        if piece in always or person.chance.random() < share:
            for number, _ in enumerate(piece(person), start=1):
                yield f"at pause {number} of {piece.__name__}"


def wild_days(person: Person, kind: str) -> Iterator[str]:
    """Do pieces as chance has it, some only in part, for ever; say at each pause what was done.

    Git may refuse what it is told to do, and files may be missing.
    """
    person.forgiving = True
    pieces: list[Piece] = [*_pieces(kind), *[Person.run_wild] * 4]
    while True:
        piece = person.chance.choice(pieces)
        person.log.append(piece.__name__)
        work = piece(person)
        while _goes_on(work):
            yield f"after {[*person.log]}"
            if person.chance.random() < _LEAVES_OFF:
                break


def _goes_on(work: Iterator[None]) -> bool:
    try:
        next(work)
    except (StopIteration, OSError):
        return False
    return True


def _pieces(kind: str) -> tuple[Piece, ...]:
    return (*work_on_files.PIECES, *work_with_git.PIECES, *work_of_kinds.PIECES.get(kind, ()))
