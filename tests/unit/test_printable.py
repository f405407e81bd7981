"""Printable text."""

import pytest

from fsmond.printable import message_of, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/caf\u00e9", "/home/caf\u00e9"),
        (b"/home/caf\xc3\xa9", "/home/caf\u00e9"),
        ("a\nb", "a\\nb"),
        (b"\x1b[31mred", "\\x1b[31mred"),
        ("\x7f\x9b", "\\x7f\\x9b"),
        (b"caf\xe9", "caf\\xe9"),
        ("\u202e", "\\u202e"),
        ("\ud800", "\\ud800"),
    ],
)
def test_control_characters_are_escaped(text: str | bytes, shown: str) -> None:
    """A directory's name must not forge our output."""
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (PermissionError(13, "Permission denied", b"/a\n"), "Permission denied: /a\\n"),
        (PermissionError(13, "Permission denied", "/a"), "Permission denied: /a"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (ValueError("a\tb"), "a\\tb"),
    ],
)
def test_an_error_names_paths_as_people_do(error: Exception, shown: str) -> None:
    """People do not write paths like Python's bytes."""
    assert message_of(error) == shown
