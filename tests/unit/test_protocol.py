"""Requests and answers as values: first by examples, then by arbitrary input."""

import json
import os
from array import array

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.systems import IS_WINDOWS, needs_names_of_any_bytes

from fsmond.errors import AnswerError
from fsmond.protocol import (
    MAX_ANSWER_PATHS,
    Answer,
    ask_changes,
    bytes_of,
    checked,
    query_for,
    read_object,
    reason_in,
    tree_fields,
    without_reason,
)

TOKEN = "fsmond:0123456789abcdef:7"
ODD = b"caf\xed\xa0\x80" if IS_WINDOWS else b"caf\xe9"  # a name that is not UTF-8


def test_an_answer_is_a_token_and_paths() -> None:
    """Each ends with a NUL, also the last."""
    answer = Answer.from_wire(b"fsmond:0123456789abcdef:7\0new\0old/\0")

    assert answer.token == TOKEN
    assert answer.paths == [b"new", b"old/"]
    assert not answer.everything
    assert answer.reason is None


def test_a_token_alone_means_that_nothing_changed() -> None:
    """It is the most frequent answer, and not the same as everything."""
    answer = Answer.from_wire(b"fsmond:0123456789abcdef:7\0")

    assert answer.paths == []
    assert not answer.everything


def test_a_slash_means_everything() -> None:
    """No path begins with one: paths are relative to the root."""
    answer = Answer.from_wire(b"fsmond:0123456789abcdef:7\0/\0")

    assert answer.everything
    assert answer.paths is None
    assert answer.reason is None


def test_a_path_may_hold_any_byte_but_nul() -> None:
    """Paths are bytes, and are not decoded."""
    path = bytes(range(1, 256))

    assert Answer.from_wire(b"token\0" + path + b"\0").paths == [path]


@pytest.mark.parametrize("reply", [b"", b"token", b"fatal: no", b"x" * 100_000])
def test_an_answer_without_a_token_is_an_error(reply: bytes) -> None:
    """To Git it would mean that nothing changed."""
    with pytest.raises(AnswerError, match="no token"):
        Answer.from_wire(reply)


# Shows a defect: everything after the last NUL was dropped silently.
@pytest.mark.parametrize("reply", [b"token\0path", b"token\0path\0cut of", b"token\0/"])
def test_an_answer_that_ends_within_a_path_is_an_error(reply: bytes) -> None:
    """A dropped path is a missed change."""
    with pytest.raises(AnswerError):
        Answer.from_wire(reply)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            Answer(TOKEN, [b"a", b"d/"]),
            {"token": TOKEN, "everything": False, "reason": None, "paths": ["a", "d/"]},
        ),
        (
            Answer(TOKEN, []),
            {"token": TOKEN, "everything": False, "reason": None, "paths": []},
        ),
        (
            Answer(TOKEN, None, "flush"),
            {"token": TOKEN, "everything": True, "reason": "flush", "paths": []},
        ),
        (
            Answer(TOKEN, [ODD]),
            {"token": TOKEN, "everything": False, "reason": None, "paths": [os.fsdecode(ODD)]},
        ),
    ],
    ids=["paths", "nothing", "everything", "not UTF-8"],
)
def test_an_answer_as_an_object_has_the_documented_keys(
    answer: Answer, expected: dict[str, object]
) -> None:
    """Other programs read these names."""
    assert answer.to_object() == expected


@pytest.mark.parametrize(
    "answer",
    [
        Answer(TOKEN, [b"a", ODD, b"\xc3\xa9/"]),
        Answer(TOKEN, []),
        Answer(TOKEN, None, "restart"),
        # Shows a defect: everything without a reason could be written, but not read.
        Answer(TOKEN, None),
    ],
    ids=["paths", "nothing", "everything", "everything without a reason"],
)
def test_an_answer_survives_the_way_to_an_object_and_back(answer: Answer) -> None:
    """Both directions are in this module."""
    again = Answer.from_object(answer.to_object())

    assert again.to_object() == answer.to_object()


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"token": TOKEN},
        {"token": TOKEN, "everything": False},
        {"token": TOKEN, "everything": False, "paths": None},
        {"token": TOKEN, "everything": False, "paths": "path"},
        {"token": TOKEN, "everything": False, "paths": {"path": 1}},
        {"token": TOKEN, "everything": 0, "paths": []},
        {"token": TOKEN, "everything": "yes", "reason": "flush", "paths": []},
        {"token": TOKEN, "everything": True, "reason": 7, "paths": []},
        {"token": 7, "everything": False, "paths": []},
        {"token": None, "everything": True, "reason": "flush"},
        {"paths": "x" * 100_000},
        # Show a defect: TypeError and UnicodeEncodeError were raised instead.
        {"token": TOKEN, "everything": False, "paths": [None]},
        {"token": TOKEN, "everything": False, "paths": [["path"]]},
        pytest.param(
            {"token": TOKEN, "everything": False, "paths": ["\ud800"]},
            marks=needs_names_of_any_bytes,
        ),
    ],
    ids=lambda answer: str(answer)[:60],
)
def test_an_invalid_object_is_an_error_of_bounded_length(
    answer: dict[str, object],
) -> None:
    """The server may not be fsmond."""
    with pytest.raises(AnswerError) as caught:
        Answer.from_object(answer)

    assert len(str(caught.value)) < 300


def test_the_repr_of_an_answer_does_not_list_its_paths() -> None:
    """There may be half a million of them."""
    assert repr(Answer("t:1", [b"a"] * 1000)) == "<Answer t:1: 1000 paths>"
    assert repr(Answer("t:1", None, "flush")) == "<Answer t:1: everything, flush>"


steadily = settings(derandomize=True, deadline=None, max_examples=200)

# On Windows, names are what `os.fsencode` returns for 16-bit units; two may form one character.
units = st.lists(st.integers(1, 0xFFFF), min_size=1).map(lambda each: array("H", each).tobytes())
encoded = units.map(lambda each: os.fsencode(each.decode("utf-16-le", "surrogatepass")))
names = encoded if IS_WINDOWS else st.binary(min_size=1).map(lambda name: name.replace(b"\0", b"0"))
paths = names.filter(lambda name: name[:1] != b"/" and b".." not in name.split(b"/"))
tokens = st.from_regex(r"fsmond:[0-9a-f]{16}:[0-9]{1,20}", fullmatch=True)
reasons = st.sampled_from(["flush", "restart", "token-too-old"])
answers = st.one_of(
    st.builds(Answer, tokens, st.lists(paths)), st.builds(Answer, tokens, st.none(), reasons)
)
fields = {
    "token": st.one_of(tokens, st.integers(), st.none()),
    "everything": st.one_of(st.booleans(), st.integers(0, 1), st.text(max_size=3)),
    "reason": st.one_of(reasons, st.none(), st.integers()),
    "paths": st.one_of(st.none(), st.text(), st.lists(st.one_of(st.text(), st.integers()))),
}


@given(st.one_of(st.binary(), st.lists(names).map(b"\0".join)))
# Shows a defect: everything after the last NUL was dropped silently.
@example(b"token\0path")
@steadily
def test_any_bytes_are_a_complete_answer_or_an_error(reply: bytes) -> None:
    """No other exception is raised, and no path is dropped."""
    try:
        answer = Answer.from_wire(reply)
    except AnswerError:
        return

    token, *rest = reply.split(b"\0")
    assert answer.token.encode() == token
    assert answer.token.isprintable()
    if answer.everything:
        assert rest[0] == b"/"
    else:
        assert answer.paths is not None
        assert [*answer.paths, b""] == rest
        assert all(path and path[:1] != b"/" for path in answer.paths)
        assert not any(b".." in path.split(b"/") for path in answer.paths)


@given(tokens, st.lists(paths))
@steadily
def test_an_answer_is_parsed_to_its_token_and_paths(token: str, changed: list[bytes]) -> None:
    """Byte for byte, in the same order."""
    reply = b"".join(each + b"\0" for each in [token.encode(), *changed])

    answer = Answer.from_wire(reply)

    assert (answer.token, answer.paths, answer.everything) == (token, changed, False)


@given(answers)
@steadily
def test_an_object_goes_through_json_and_back(answer: Answer) -> None:
    """Also with paths that are not UTF-8."""
    sent = json.dumps(answer.to_object()).encode()

    again = Answer.from_object(json.loads(sent))

    assert again.to_object() == answer.to_object()
    assert again.paths == answer.paths


# Shows a defect: paths that are not strings, or are invalid, raised other exceptions.
@given(st.fixed_dictionaries({}, optional=fields))
@example({"token": "t", "everything": False, "paths": [7]})
@example({"token": "t", "everything": False, "paths": ["\ud800"]})
@steadily
def test_any_object_is_an_answer_or_an_error(received: dict[str, object]) -> None:
    """No other exception is raised: the server may not be fsmond."""
    try:
        answer = Answer.from_object(received)
    except AnswerError:
        return

    assert answer.token == received["token"]
    assert answer.everything is received["everything"]


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        (b"\0", "no token"),
        (b"\0path\0", "no token"),
        (b"t" * 5000 + b"\0", "no token"),
        (b"t\x1b]0;owned\x07\0", "printable"),
        (b"t\n1\0", "printable"),
        (b"caf\xc3\xa9\0", "printable"),
        (b"t\0\0", "empty path"),
        (b"t\0a\0\0b\0", "empty path"),
        (b"t\0/etc/passwd\0", "not relative"),
        (b"t\0a\0/\0", "not relative"),
        (b"t\0..\0", "out of the tree"),
        (b"t\0../x\0", "out of the tree"),
        (b"t\0a/../../x\0", "out of the tree"),
        (b"t\0a/..\0b\0", "out of the tree"),
        (b"t\0/\0\x1b[2J\0", "reason"),
        (b"t\0/\0" + b"r" * 5000 + b"\0", "reason"),
        (b"t\0" + b"x" * (2 << 20) + b"\0", "too long"),
        (b"t\0a\0" + b"x" * (2 << 20) + b"\0b\0", "too long"),
        (b"t\0" + b"x\0" * (MAX_ANSWER_PATHS + 1), "more than"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_answer_that_could_do_harm_is_an_error(reply: bytes, complaint: str) -> None:
    """It could harm a terminal, Git, or a program that opens the paths; any server may listen."""
    with pytest.raises(AnswerError, match=complaint) as caught:
        checked(reply)

    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "reply",
    [
        b"t\0",
        b"t\0/\0",
        b"t\0/\0restart\0",
        b"t\0..a\0a..\0a..b/c\0.../x\0d/\0",
        b"t\0" + b"d/" * 200_000 + b"\0",
        b"t\0" + b"x" * 1_000_000 + b"\0" + b"y" * 1_000_000 + b"\0",
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_unusual_but_harmless_answer_is_accepted(reply: bytes) -> None:
    """Names may begin with dots, and trees may be deep."""
    assert checked(reply) == reply


def test_the_reason_follows_the_slash() -> None:
    """Git skips it; the commands remove it from what they print."""
    reply = b"fsmond:0123456789abcdef:7\0/\0restart\0"

    assert (Answer.from_wire(reply).everything, Answer.from_wire(reply).reason) == (True, "restart")
    assert without_reason(reply) == b"fsmond:0123456789abcdef:7\0/\0"
    assert reason_in(without_reason(reply)) is None
    assert reason_in(b"t\0path\0") is None
    assert without_reason(b"t\0path\0") == b"t\0path\0"
    assert Answer(TOKEN, None, "flush").to_wire() == TOKEN.encode() + b"\0/\0flush\0"


@given(st.text(), names, st.one_of(st.none(), st.text()))
@example('"\\\n\x7f\x00\u2028😀', b'/a"\\\n', None)
@steadily
def test_a_request_is_valid_json(tree_id: str, root: bytes, since: str | None) -> None:
    """It is written without `json`, whose import takes longer than a query."""
    tree_id = tree_id.translate(dict.fromkeys([*range(32), 34, 92]))
    message = query_for(since, tree_fields(root, tree_id))

    request = json.loads(message)

    assert request["since"] == since
    assert request.get("tree_id", "") == tree_id
    assert bytes_of(request["root"]) == root
    assert (request["command"], request["form"]) == ("query", "wire")


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b"\xff\xfe",
        b"null",
        b'{"error": ["\x1b"]}',
        b'{"error": {"a": 1}}',
        b'{"error": "no"}',
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_answer_that_is_not_an_object_is_an_error(reply: bytes) -> None:
    """So is an object with the key `error`."""
    with pytest.raises(AnswerError) as caught:
        read_object(reply)

    assert len(str(caught.value)) < 600


def test_an_older_daemon_answers_in_json() -> None:
    """It ignores `form`; the result is the same."""
    answer = Answer(TOKEN, None, "restart").to_object()

    reply = ask_changes(lambda _: json.dumps(answer).encode(), "t:1", "")

    assert reply == TOKEN.encode() + b"\0/\0restart\0"


def test_a_second_request_is_sent_only_if_another_daemon_issued_the_token() -> None:
    """Git's own daemon gets a plain token; any other needs to know which tree is meant."""
    for reply, since, expected in (
        (b"fsmond:a:1\0/\0restart\0", "fsmond:b:1", 1),
        (b"fsmond:a:1\0/\0no-token\0", None, 1),
        (b"builtin:a:1\0/\0", "fsmond:b:1", 1),
        (b"builtin:a:1\0x\0", "builtin:a:0", 1),
        (b"fsmond:a:1\0/\0", "builtin:a:0", 2),
    ):
        asked: list[bytes] = []

        def send(message: bytes, asked: list[bytes] = asked, reply: bytes = reply) -> bytes:
            asked.append(message)
            return reply

        assert ask_changes(send, since, "") == reply
        assert len(asked) == expected
        assert (asked[-1][:1] == b"{") == (
            not reply.startswith(b"builtin")
            or expected == 2
            or since is None
            or since.startswith("fsmond")
        )
