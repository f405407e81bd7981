"""The answers of `fsmond query`, the hook and the Python client."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.running import LONG, fsmond, git, is_served, status
from support.systems import IS_WINDOWS
from support.wine import NAMES_OF_THE_ROOT, fails_on_wine, is_wine, scan_reports_less

import ipc.client
from fsmond.client import Client
from fsmond.errors import PathError

ROUNDS = 2000
# A scan is slow on Wine, and a query has one second.
FOLDERS, FILES = (20, 5) if is_wine() else (100, 300)
# A name that Git quotes, its quoted form, and a name that is no text.  On Windows, names contain
# no quotes, and are no bytes.
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


@scan_reports_less(NAMES_OF_THE_ROOT)
def test_a_query_names_what_changed(watched: Path) -> None:
    """The first line is a token; each of the others is a path."""
    token, *everything = fsmond("query", watched).stdout.splitlines()
    (watched / "dir" / "one").write_text("changed")
    (watched / ODD).touch()

    done = fsmond("query", "--since", token, cwd=watched / "dir")

    assert everything == ["/"]
    assert set(done.stdout.splitlines()[1:]) == {QUOTED, "dir/one"}


def test_a_name_is_quoted_as_by_git(watched: Path) -> None:
    """`core.quotePath` applies to bytes above 127."""
    token = Client(watched).query().token
    (watched / "é").touch()

    quoted = fsmond("query", "--since", token, watched).stdout.splitlines()[1]
    git(watched, "config", "core.quotePath", "false")
    plain = fsmond("query", "--since", token, watched).stdout.splitlines()[1]

    assert quoted == git(watched, "-c", "core.quotePath=true", "ls-files", "-o").strip()
    assert plain == "é"


def test_z_prints_the_bytes_of_the_wire_form(watched: Path) -> None:
    """Programs then need not unquote."""
    token = Client(watched).query().token
    (watched / "top").write_text("changed")

    done = fsmond("query", "-z", "--since", token, watched)

    now, *paths = done.stdout.split("\0")
    assert now.startswith("fsmond:")
    assert paths == ["top", ""]


@fails_on_wine("creates no file whose name is no text, version 8.0")
def test_json_prints_one_object(watched: Path) -> None:
    """It has the reason; a name that is not UTF-8 has surrogate escapes."""
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
def test_for_an_unknown_token_the_answer_is_everything(
    watched: Path, token: str, reason: str
) -> None:
    """A gap in the history is an answer, not an error."""
    answer = Client(watched).query(token)

    assert answer.everything
    assert answer.reason == reason


def test_a_token_from_the_future_is_unknown(watched: Path) -> None:
    """The daemon did not give it, so it can say nothing about it."""
    client = Client(watched)
    token = client.query().token

    answer = client.query(token + "9")

    assert (answer.everything, answer.reason) == (True, "unknown-token")


def test_flush_invalidates_all_tokens(watched: Path) -> None:
    """For a client that has lost the state that its token stands for."""
    client = Client(watched)
    token = client.query().token

    assert fsmond("flush", watched).returncode == 0

    answer = client.query(token)
    assert (answer.everything, answer.reason) == (True, "flush")
    assert client.query(answer.token).paths == []


def test_a_query_starts_the_daemon(repository: Path) -> None:
    """No one has to start it first."""
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
    """The error is one line."""
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
    """And prints the usage."""
    done = fsmond(*arguments)

    assert done.returncode == 2
    assert "usage" in done.stderr


def test_no_completed_change_is_ever_missing(watched: Path) -> None:
    """Another process makes a change and queries at once, thousands of times."""
    socket = status(watched)["socket"]

    done = subprocess.run(
        [sys.executable, "-c", _WRITER, watched, socket, str(ROUNDS)],
        capture_output=True,
        text=True,
        timeout=LONG * 3,
        check=False,
    )

    assert done.returncode == 0, done.stderr


@scan_reports_less(NAMES_OF_THE_ROOT)
def test_a_hundred_thousand_paths_are_one_answer(watched: Path) -> None:
    """In many packets, with each path once."""
    client = Client(watched)
    token = client.query().token
    for number in range(FOLDERS):
        folder = watched / "many" / str(number)
        folder.mkdir(parents=True)
        for name in range(FILES):
            os.close(os.open(folder / str(name), os.O_CREAT))

    answer = client.query(token)

    assert len(answer.paths or ()) == len(set(answer.paths or ())) == 1 + FOLDERS + FOLDERS * FILES
    answer = client.query(answer.token)
    if not status(watched)["coverage"]["events"]:
        answer = client.query(answer.token)  # a scan reports again what was racy in the one before
    assert answer.paths == []


def test_any_request_gets_an_answer(watched: Path) -> None:
    """And so does the next client."""
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
