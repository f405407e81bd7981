"""Whether a daemon's process still runs."""

import os

import pytest

from fsmond.daemon.alive import lives


def test_this_process_lives() -> None:
    """Else it would not ask."""
    assert lives(os.getpid())


@pytest.mark.parametrize("pid", [None, "1", 1.0, [1], {}])
def test_what_is_no_process_id_is_nobody(pid: object) -> None:
    """It comes out of an answer, which may be anybody's."""
    assert not lives(pid)


# Shows a defect for the two last: the system says OverflowError.
@pytest.mark.parametrize("pid", [0, 2**22 + 1, 2**31 - 1, 2**31, 10**30])
def test_a_number_that_no_process_has_is_nobody(pid: int) -> None:
    """Also one that the system does not even take for a number."""
    assert not lives(pid)
