"""A clock holds all of a token, so it is as good after a restart of either process."""

import os

import pytest

from fsmond.watchman.errors import CommandError
from fsmond.watchman.trees import clocks
from fsmond.watchman.trees.clocks import Since

ROOT = b"/tree"
TOKEN = "fsmond:00000000deadbeef:42"


@pytest.mark.parametrize("token", [TOKEN, "fsmond:ffffffffffffffff0:0"])
def test_a_clock_stands_for_its_token(token: str) -> None:
    """The flag of a token is kept as well."""
    assert clocks.read(clocks.clock_of(token, ROOT), ROOT) == Since(token)


def test_a_clock_has_the_form_that_clients_read() -> None:
    """Some look whether the process in it still runs."""
    start, pid, _, tick = clocks.clock_of(TOKEN, ROOT).removeprefix("c:").split(":")

    assert (start, pid, tick) == (str(0xDEADBEEF), str(os.getpid()), "42")


@pytest.mark.parametrize(
    "clock",
    [
        "c:0:0",
        "c:1:2",
        "c:0:0:0:0",
        "c:18446744073709551616:1:1:1",
        clocks.clock_of(TOKEN, b"/other"),
        clocks.clock_of("fsmond:00000000deadbeefv7:42", ROOT),  # of another mount namespace
    ],
    ids=range(6),
)
def test_a_clock_that_is_not_known_is_one_of_long_ago(clock: str) -> None:
    """A client gets everything, and no error: it may be of Watchman itself."""
    assert clocks.read(clock, ROOT) == Since(None)


def test_there_are_other_points_in_time() -> None:
    """Named cursors, seconds, and a clock in an object."""
    assert clocks.read("n:mine", ROOT) == Since(cursor="mine")
    assert clocks.read(1_700_000_000, ROOT) == Since(time=1_700_000_000.0)
    assert clocks.read({"clock": clocks.clock_of(TOKEN, ROOT)}, ROOT) == Since(TOKEN)


@pytest.mark.parametrize(
    "value", ["", "c:", "c:a:b", "x", None, True, [], {}, {"scm": {"mergebase-with": "main"}}]
)
def test_what_is_no_clock_is_an_error(value: object) -> None:
    """Also what this server cannot do: it never answers something else instead."""
    with pytest.raises(CommandError):
        clocks.read(value, ROOT)
