"""Tokens that the daemon keeps, by name."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from support.running import FSMOND, fsmond, status, until
from support.systems import IS_WINDOWS
from support.wine import needs_events

import ipc
from fsmond.answering.cursors import MAX_CURSORS
from fsmond.client import Client
from fsmond.errors import AnswerError

pytestmark = needs_events


def paths(root: Path, *options: str) -> list[str]:
    """Return what the command prints after the token."""
    done = fsmond("query", root, "--cursor", "mine", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[1:]


def test_a_cursor_moves_with_each_answer(watched: Path) -> None:
    """A new one begins with everything."""
    assert paths(watched) == ["/"]
    (watched / "one").touch()
    assert paths(watched) == ["one"]
    assert paths(watched) == []


def test_cursors_do_not_disturb_each_other(watched: Path) -> None:
    """Each has a token of its own."""
    client = Client(watched)
    client.query(cursor="a")
    client.query(cursor="b")
    (watched / "one").touch()

    assert client.query(cursor="a").paths == [b"one"]
    assert client.query(cursor="a").is_empty
    assert client.query(cursor="b").paths == [b"one"]
    assert set(client.cursors()) == {"a", "b"} == set(client.status().cursors)


def test_a_cursor_outlives_the_daemon(watched: Path) -> None:
    """It is stored with the history."""
    assert paths(watched) == ["/"]
    fsmond("stop", watched)
    (watched / "meanwhile").touch()

    assert paths(watched) == ["meanwhile"]


@pytest.mark.skipif(IS_WINDOWS, reason="there is no such signal")
def test_a_cursor_outlives_a_kill(watched: Path) -> None:
    """Once it was stored, which takes a second at most."""
    paths(watched)
    (watched / "one").touch()
    paths(watched)
    token = Client(watched).cursors()["mine"]
    store = watched / ".git" / "fsmond" / "history"
    until(lambda: token.encode() in store.read_bytes())
    until(lambda: status(watched)["history"]["age_seconds"] is not None)
    os.kill(status(watched)["pid"], 9)
    (watched / "two").touch()

    assert set(paths(watched)) - {"one"} == {"two"}  # what was told just before is told again


def test_who_dies_before_the_answer_is_out_gets_it_again(watched: Path) -> None:
    """What was not printed was not seen."""
    paths(watched)
    (watched / "one").touch()
    reader, writer = os.pipe()
    os.close(reader)
    dead = subprocess.run(
        [*FSMOND, "query", str(watched), "--cursor", "mine"],
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)

    assert dead.returncode == 1
    assert paths(watched) == ["one"]


def test_a_cursor_moves_when_the_caller_says_so(watched: Path) -> None:
    """For programs that have to do something with the answer first."""
    client = Client(watched)
    client.query(cursor="a")
    (watched / "one").touch()

    answer = client.query(cursor="a", move=False)
    again = client.query(cursor="a", move=False)
    client.move_cursor("a", answer.token)

    assert answer.paths == again.paths == [b"one"]
    assert client.query(cursor="a").is_empty


def test_other_programs_need_not_move_it(watched: Path) -> None:
    """The daemon does, when the answer was written."""
    path = os.fsencode(Client(watched).place.socket)
    request = json.dumps({"command": "query", "cursor": "a"}).encode()
    ipc.send_command(path, request)
    (watched / "one").touch()

    assert json.loads(ipc.send_command(path, request))["paths"] == ["one"]
    assert json.loads(ipc.send_command(path, request))["paths"] == []


def test_waiting_moves_a_cursor(watched: Path) -> None:
    """And so does a subscription, when its next answer is asked for."""
    client = Client(watched)
    client.query(cursor="a")
    (watched / "one").touch()
    assert client.wait(cursor="a").paths == [b"one"]
    (watched / "two").touch()
    assert client.wait(cursor="a", timeout=20).paths == [b"two"]

    (watched / "three").touch()
    answers = client.subscribe(cursor="a")
    assert next(answers).paths == [b"three"]
    assert client.query(cursor="a", move=False).paths == [b"three"]
    (watched / "four").touch()
    assert next(answers).paths == [b"four"]
    assert client.query(cursor="a", move=False).paths == [b"four"]


def test_a_new_cursor_need_not_wait(watched: Path) -> None:
    """It begins with everything."""
    answer = Client(watched).wait(cursor="new", timeout=20)

    assert (answer.paths, answer.reason) == (None, "no-token")


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ä", "x" * 65, "a\n"])
def test_a_bad_name_is_an_error_that_names_it(watched: Path, name: str) -> None:
    """Names are part of files' and command lines' text."""
    with pytest.raises(AnswerError, match="not a cursor's name"):
        Client(watched).query(cursor=name)


def test_there_is_an_end_to_cursors(watched: Path) -> None:
    """A program that makes one each time would fill the memory."""
    client = Client(watched)
    token = client.query().token
    for number in range(MAX_CURSORS):
        client.move_cursor(f"n{number}", token)

    with pytest.raises(AnswerError, match="delete one"):
        client.query(cursor="another")
    with pytest.raises(AnswerError, match="delete one"):
        client.move_cursor("another", token)
    assert client.query(cursor="n7").is_empty


def test_what_is_no_token_cannot_be_kept(watched: Path) -> None:
    """The next query would be answered with everything, for no reason to be seen."""
    with pytest.raises(AnswerError, match="'token' must be a token"):
        Client(watched).move_cursor("a", "rubbish")


def test_cursors_are_listed_and_deleted(watched: Path) -> None:
    """A deleted one is new when it is used again."""
    paths(watched)
    token = Client(watched).cursors()["mine"]

    assert fsmond("cursor", "list", watched).stdout == f"mine\t{token}\n"
    assert json.loads(fsmond("cursor", "list", watched, "--json").stdout) == {"mine": token}
    assert fsmond("cursor", "delete", "mine", watched).returncode == 0
    missing = fsmond("cursor", "delete", "mine", watched)
    assert (missing.returncode, missing.stderr.count("\n")) == (1, 1)
    assert fsmond("cursor", "delete").returncode == 2
    assert paths(watched) == ["/"]
    assert fsmond("query", watched, "--cursor", "a", "--since", token).returncode == 2
