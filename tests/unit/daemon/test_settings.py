"""The daemon's settings, from the environment of the process that starts it."""

import pytest

from fsmond.daemon.settings import Settings
from fsmond.errors import StartError


def test_all_settings_have_defaults() -> None:
    """Also if a variable is set, but empty."""
    assert Settings.of({}) == Settings("auto", 0)
    assert Settings.of({"FSMOND_WATCH": "", "FSMOND_VERIFY_EVERY": ""}) == Settings("auto", 0)


def test_settings_are_read_from_the_environment() -> None:
    """Both of them."""
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
def test_an_invalid_value_is_an_error_that_names_the_valid_ones(name: str, value: str) -> None:
    """A daemon that ignores a setting is worse than none."""
    with pytest.raises(StartError, match=f"{name} is '{value}'; it must be "):
        Settings.of({name: value})
