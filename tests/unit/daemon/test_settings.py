"""What can be chosen for a daemon, by the environment of whoever starts it."""

import pytest

from fsmond.daemon.settings import Settings
from fsmond.errors import StartError


def test_nothing_has_to_be_chosen() -> None:
    """Also if a variable is there, and empty."""
    assert Settings.of({}) == Settings("auto", 0)
    assert Settings.of({"FSMOND_WATCH": "", "FSMOND_VERIFY_EVERY": ""}) == Settings("auto", 0)


def test_what_is_chosen_is_read() -> None:
    """Both."""
    chosen = {"FSMOND_WATCH": "scan", "FSMOND_VERIFY_EVERY": "100"}

    assert Settings.of(chosen) == Settings("scan", 100)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FSMOND_WATCH", "poll"),
        ("FSMOND_WATCH", "SCAN"),
        ("FSMOND_VERIFY_EVERY", "-1"),
        ("FSMOND_VERIFY_EVERY", "often"),
        ("FSMOND_VERIFY_EVERY", "1.5"),
        ("FSMOND_VERIFY_EVERY", "²"),
    ],
)
def test_what_makes_no_sense_is_an_error_that_says_what_would(name: str, value: str) -> None:
    """A daemon that works otherwise than was asked is worse than none."""
    with pytest.raises(StartError, match=f"{name} is '{value}'; it may be "):
        Settings.of({name: value})
