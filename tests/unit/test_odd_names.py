"""What becomes of names and tokens that are no text."""

import json

from systems import needs_names_of_any_bytes, of_windows

from fsmond.protocol import NO_TOKEN, Answer, request_for

TOKEN = "fsmond:0123456789abcdef:7"


@needs_names_of_any_bytes
def test_a_name_that_is_no_text_is_named_as_python_names_it() -> None:
    """A program in Python opens it by what the object has."""
    assert Answer(TOKEN, [b"caf\xe9"]).to_object()["paths"] == ["caf\udce9"]


@of_windows
def test_a_lone_surrogate_is_itself_in_an_object() -> None:
    """So any program can open the file: these are the numbers of its name."""
    written = json.dumps(Answer(TOKEN, [b"\xed\xa0\x80"]).to_object())

    assert '"\\ud800"' in written


def test_a_name_that_can_be_none_is_printed_all_the_same() -> None:
    """Whoever answers may be of another system, or no daemon of files at all."""
    assert json.dumps(Answer(TOKEN, [b"\xff\xfe"]).to_object())


def test_a_token_that_can_be_none_is_unknown() -> None:
    """What is typed may be anything; nobody gave that."""
    assert request_for("\ud800") == NO_TOKEN
    assert Answer("\ud800", []).daemon == "?"
