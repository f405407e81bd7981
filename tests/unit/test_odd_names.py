"""Names and tokens that are not text."""

import json

from support.systems import needs_names_of_any_bytes, windows_only

from fsmond.protocol import NO_TOKEN, Answer, request_for

TOKEN = "fsmond:0123456789abcdef:7"


@needs_names_of_any_bytes
def test_a_name_that_is_not_text_is_decoded_as_in_python() -> None:
    """A Python program can open the file by the name in the object."""
    assert Answer(TOKEN, [b"caf\xe9"]).to_object()["paths"] == ["caf\udce9"]


@windows_only
def test_a_lone_surrogate_stays_a_lone_surrogate_in_an_object() -> None:
    """Any program can open the file: these are the 16-bit units of its name."""
    written = json.dumps(Answer(TOKEN, [b"\xed\xa0\x80"]).to_object())

    assert '"\\ud800"' in written


def test_an_invalid_name_is_printed_all_the_same() -> None:
    """The answer may come from another system, or from another program."""
    assert json.dumps(Answer(TOKEN, [b"\xff\xfe"]).to_object())


def test_an_invalid_token_is_unknown() -> None:
    """It comes from the command line; no daemon issued it."""
    assert request_for("\ud800") == NO_TOKEN
    assert Answer("\ud800", []).daemon == "?"
