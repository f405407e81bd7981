"""The older forms of commands mean what their documentation says."""

import pytest

from fsmond.watchman.errors import CommandError
from fsmond.watchman.serving.legacy import patterns_to_expression, trigger_of

JS, TXT = ["match", "*.js", "wholename"], ["match", "*.txt", "wholename"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], None),
        (["*.js"], ["anyof", JS]),
        (["*.js", "*.txt"], ["anyof", JS, TXT]),
        (["!", "*.js"], ["anyof", ["not", JS]]),
        (["-X", "*.js"], ["not", ["anyof", JS]]),
        (["*.js", "-X", "*.txt"], ["allof", ["anyof", JS], ["not", ["anyof", TXT]]]),
        (["-X", "*.txt", "-I", "*.js"], ["allof", ["anyof", JS], ["not", ["anyof", TXT]]]),
        (["-p", "^a"], ["anyof", ["pcre", "^a", "wholename"]]),
        (["-P", "^a"], ["anyof", ["ipcre", "^a", "wholename"]]),
    ],
)
def test_patterns_are_an_expression(words: list[str], expected: object) -> None:
    """Those to include, and after -X those to exclude."""
    assert patterns_to_expression(words).get("expression") == expected


def test_a_trigger_has_patterns_and_a_command() -> None:
    """The command gets the names as arguments, and facts on standard input."""
    assert trigger_of("build", ["*.js", "--", "make", "-s"]) == {
        "name": "build",
        "command": ["make", "-s"],
        "append_files": True,
        "stdin": ["name", "exists", "new", "size", "mode"],
        "expression": ["anyof", JS],
    }


@pytest.mark.parametrize("words", [["*.js"], [5], ["-p"]])
def test_what_cannot_be_meant_is_an_error(words: list[object]) -> None:
    """The message says what is missing."""
    with pytest.raises(CommandError):
        trigger_of("build", words)
