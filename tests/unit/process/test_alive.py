"""Whether a process is running."""

import os

import pytest

from fsmond.process.alive import is_running


def test_this_process_is_running() -> None:
    """It runs this test."""
    assert is_running(os.getpid())


@pytest.mark.parametrize("pid", [None, "1", 1.0, [1], {}])
def test_a_value_that_is_no_process_id_is_not_running(pid: object) -> None:
    """It comes from an answer, which may be that of any server."""
    assert not is_running(pid)


# Shows a defect with the last two: the system call raises OverflowError.
@pytest.mark.parametrize("pid", [0, 2**22 + 1, 2**31 - 1, 2**31, 10**30])
def test_a_number_that_no_process_has_is_not_running(pid: int) -> None:
    """Also one beyond the range of process IDs."""
    assert not is_running(pid)
