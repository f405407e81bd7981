"""What `fsmond query`, the hook and the Python client answer."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from running import LONG, fsmond, git, is_served, status
from systems import IS_WINDOWS
from wine import NAMES_OF_THE_ROOT, comparing_tells_less, is_wine, wine_fails

import ipc.client
from fsmond.client import Client
from fsmond.errors import PathError

ROUNDS = 2000
# A look at each takes long under Wine, and a query has one second.
FOLDERS, FILES = (20, 5) if is_wine() else (100, 300)
# A name that Git quotes, and how; and one that is no text.  Windows has neither quotes nor bytes.
ODD, QUOTED = ("\u00e9", '"\\303\\251"') if IS_WINDOWS else ('odd "name"\n', '"odd \\"name\\"\\n"')
NO_TEXT = b"\xed\xa0\x80" if IS_WINDOWS else b"\xff"
_WRITER = """
import os, sys
from ipc.client import send_command
root, socket, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
os.chdir(root)
token = send_command(socket, b"").split(b"\\0")[0]
for number in range(rounds):
    kind, name = number % 5, "dir/%d" % (number // 5 % 7)
    if kind == 0:
        with open(name, "w") as file:
            file.write(str(number))
        want = name
    elif kind == 1:
        os.chmod(name, 0o600 if number % 2 else 0o644)
        want = name
    elif kind == 2:
        os.mkdir(name + ".d")
        want = name + ".d/"
    elif kind == 3:
        os.rename(name, name + ".d/moved")
        want = name + ".d/moved"
    else:
        os.unlink(name + ".d/moved")
        os.rmdir(name + ".d")
        want = name + ".d/"
    token, *paths = send_command(socket, token).split(b"\\0")
    if want.encode() not in paths:
        sys.exit("round %d: %s is not in %r" % (number, want, paths))
"""


@comparing_tells_less(NAMES_OF_THE_ROOT)
def test_a_query_names_what_changed(watched: Path) -> None:
    """A token on the first line, and a path on each of the others."""
    token, *everything = fsmond("query", watched).stdout.splitlines()
    (watched / "dir" / "one").write_text("changed")
    (watched / ODD).touch()

    done = fsmond("query", "--since", token, cwd=watched / "dir")

    assert everything == ["/"]
    assert set(done.stdout.splitlines()[1:]) == {QUOTED, "dir/one"}


def test_a_name_is_quoted_as_git_is_told_to(watched: Path) -> None:
    """`core.quotePath` decides about bytes above 127."""
    token = Client(watched).query().token
    (watched / "é").touch()

    quoted = fsmond("query", "--since", token, watched).stdout.splitlines()[1]
    git(watched, "config", "core.quotePath", "false")
    plain = fsmond("query", "--since", token, watched).stdout.splitlines()[1]

    assert quoted == git(watched, "-c", "core.quotePath=true", "ls-files", "-o").strip()
    assert plain == "é"


def test_the_bytes_of_the_wire_can_be_had(watched: Path) -> None:
    """For programs, which then need not unquote."""
    token = Client(watched).query().token
    (watched / "top").write_text("changed")

    done = fsmond("query", "-z", "--since", token, watched)

    now, *paths = done.stdout.split("\0")
    assert now.startswith("fsmond:")
    assert paths == ["top", ""]


@wine_fails("makes no file whose name is no text, version 8.0")
def test_an_answer_can_be_had_as_json(watched: Path) -> None:
    """With the reason, and a name that is no UTF-8 by surrogate escapes."""
    first = json.loads(fsmond("query", "--json", watched).stdout)
    os.close(os.open(os.fsencode(watched) + b"/" + NO_TEXT, os.O_CREAT))

    second = json.loads(fsmond("query", "--json", "--since", first["token"], watched).stdout)

    assert (first["everything"], first["reason"], first["paths"]) == (True, "no-token", [])
    assert (second["everything"], second["reason"]) == (False, None)
    assert [os.fsencode(path) for path in second["paths"]] == [NO_TEXT]


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("rubbish", "unknown-token"),
        ("builtin:fake", "unknown-token"),
        ("1795220339322547991", "unknown-token"),
        ("fsmond:another:1", "unknown-token"),
        ("fsmond:0123456789abcdef:1", "restart"),
        ("\udcff\udcfe", "unknown-token"),
        ("x" * (1 << 15), "unknown-token"),
    ],
)
def test_an_unknown_token_missed_everything(watched: Path, token: str, reason: str) -> None:
    """A gap in the history is an answer, not an error."""
    answer = Client(watched).query(token)

    assert answer.everything
    assert answer.reason == reason


def test_a_token_from_the_future_is_unknown(watched: Path) -> None:
    """It is of a history that has not happened: nothing can be said about it."""
    client = Client(watched)
    token = client.query().token

    answer = client.query(token + "9")

    assert (answer.everything, answer.reason) == (True, "unknown-token")


def test_flush_makes_all_tokens_void(watched: Path) -> None:
    """For who has lost what the token stands for."""
    client = Client(watched)
    token = client.query().token

    assert fsmond("flush", watched).returncode == 0

    answer = client.query(token)
    assert (answer.everything, answer.reason) == (True, "flush")
    assert client.query(answer.token).paths == []


def test_a_query_starts_the_daemon(repository: Path) -> None:
    """Nobody has to think of it."""
    assert fsmond("query", repository).returncode == 0
    assert is_served(repository)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda _: None, "no such directory"),
        (lambda path: path.touch(), "not a directory"),
    ],
)
def test_a_path_that_is_no_directory_is_an_error(tmp_path: Path, make, says) -> None:  # type: ignore[no-untyped-def]
    """With one line that says so."""
    path = tmp_path / "it"
    make(path)

    for command in ("start", "status", "query", "stop", "flush", "run"):
        done = fsmond(command, path)
        assert done.returncode == 1
        assert says in done.stderr
        assert len(done.stderr.splitlines()) == 1
    with pytest.raises(PathError):
        Client(path)


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["query", "--nonsense"], ["hook"], [], ["hook", "3", "x"]]
)
def test_bad_usage_has_an_exit_status_of_its_own(arguments: list[str]) -> None:
    """And says how it is meant."""
    done = fsmond(*arguments)

    assert done.returncode == 2
    assert "usage" in done.stderr


def test_no_completed_change_is_ever_missing(watched: Path) -> None:
    """Another process changes something and asks at once, thousands of times."""
    socket = status(watched)["socket"]

    done = subprocess.run(
        [sys.executable, "-c", _WRITER, watched, socket, str(ROUNDS)],
        capture_output=True,
        text=True,
        timeout=LONG * 3,
        check=False,
    )

    assert done.returncode == 0, done.stderr


@comparing_tells_less(NAMES_OF_THE_ROOT)
def test_a_hundred_thousand_paths_are_one_answer(watched: Path) -> None:
    """In as many packets as it takes, each path once."""
    client = Client(watched)
    token = client.query().token
    for number in range(FOLDERS):
        folder = watched / "many" / str(number)
        folder.mkdir(parents=True)
        for name in range(FILES):
            os.close(os.open(folder / str(name), os.O_CREAT))

    answer = client.query(token)

    assert len(answer.paths) == len(set(answer.paths)) == 1 + FOLDERS + FOLDERS * FILES
    answer = client.query(answer.token)
    if not status(watched)["coverage"]["events"]:
        answer = client.query(answer.token)  # what was new to the first look, it tells once more
    assert answer.paths == []


def test_anything_on_the_wire_gets_an_answer(watched: Path) -> None:
    """And the next client, too."""
    place = Client(watched).place.socket
    for request in (
        b"",
        b"\0",
        b"a\0b",
        b"\xff\xfe",
        b"{",
        b"{}",
        b"[]",
        b'{"command": 1}',
        b"{\0",
    ):
        reply = ipc.client.send_command(place, request, timeout=LONG)

        if request[:1] == b"{":
            assert "error" in json.loads(reply)
        else:
            assert reply.endswith(b"\0/\0")
    for start in (b"", b"1", b"fsmond:0:1", b"x"):
        long = start + (start[-1:] or b"\0") * 1_000_000
        assert ipc.client.send_command(place, long, timeout=LONG).endswith(b"\0/\0")
    for start in (b"{", b'{"a":' + b"[" * 50_000, b'{"a":' + b"9" * 60_000 + b"}"):
        for request in (start, start * 15):
            reply = ipc.client.send_command(place, request, timeout=LONG)
            assert "error" in json.loads(reply)
    assert status(watched)["last_error"] is None
