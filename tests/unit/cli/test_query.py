"""`fsmond query`: its command line and its output."""

import json
import sys

import pytest

from fsmond import entry_point
from fsmond.cli import main, query
from fsmond.cli.query import _Options, as_lines
from fsmond.errors import AnswerError, NotRunningError, StartError

TOKEN = b"fsmond:0123456789abcdef:7"


def read(*arguments: str) -> tuple[str, str | None, str, bool] | None:
    """Return the parsed path, token, form, and whether a daemon may be started."""
    options = _Options()
    if not options.read(list(arguments)):
        return None
    return options.path, options.since, options.form, options.start


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), (".", None, "lines", True)),
        (("sub",), ("sub", None, "lines", True)),
        (("",), (".", None, "lines", True)),
        (("--since", "t:1"), (".", "t:1", "lines", True)),
        (("--since=t:1",), (".", "t:1", "lines", True)),
        (("--since=a=b",), (".", "a=b", "lines", True)),
        (("--since=",), (".", "", "lines", True)),
        (("--since", ""), (".", "", "lines", True)),
        (("-z",), (".", None, "wire", True)),
        (("--json",), (".", None, "json", True)),
        (("--no-start",), (".", None, "lines", False)),
        (("sub", "-z", "--since", "t", "--no-start"), ("sub", "t", "wire", False)),
        (("--no-start", "--json", "sub"), ("sub", None, "json", False)),
    ],
)
def test_the_usual_options_are_parsed_in_any_order(
    arguments: tuple[str, ...], expected: tuple[str, str | None, str, bool]
) -> None:
    """Without an argument parser, which costs more than the whole query."""
    assert read(*arguments) == expected


@pytest.mark.parametrize(
    "arguments",
    [
        ("--since",),
        ("one", "two"),
        ("--help",),
        ("-h",),
        ("--nonsense",),
        ("--js",),
        ("-zz",),
        ("--",),
        ("--", "-odd-name"),
        ("-",),
        ("--no-start=yes",),
    ],
)
def test_other_command_lines_are_left_to_argparse(arguments: tuple[str, ...]) -> None:
    """It handles help, abbreviations and errors."""
    assert read(*arguments) is None


# Show a defect: the quick parser accepted what argparse refuses as bad usage.
@pytest.mark.parametrize(
    "arguments",
    [("-z", "--json"), ("--json", "-z"), ("--since", "-z"), ("--since", "--no-start"), ("", "sub")],
)
def test_what_argparse_would_refuse_is_left_to_it(arguments: tuple[str, ...]) -> None:
    """Both parsers must agree about bad usage."""
    with pytest.raises(SystemExit) as ended:
        main._parser().parse_args(["query", *arguments])
    assert ended.value.code == 2

    assert read(*arguments) is None


def test_an_unusual_command_line_goes_to_argparse_unchanged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the command first, as argparse expects."""
    given: list[list[str]] = []

    def run(arguments: list[str]) -> int:
        given.append(arguments)
        return 2

    monkeypatch.setattr(main, "run", run)
    monkeypatch.setattr(sys, "argv", ["fsmond", "query", "--nonsense", "sub"])

    status = entry_point.main()

    assert (status, given) == (2, [["query", "--nonsense", "sub"]])


@pytest.mark.parametrize(
    ("reply", "printed"),
    [
        (TOKEN + b"\0", TOKEN + b"\n"),
        (TOKEN + b"\0/\0", TOKEN + b"\n/\n"),
        (TOKEN + b"\0new\0d/\0", TOKEN + b"\nnew\nd/\n"),
        (TOKEN + b"\0with space\0", TOKEN + b"\nwith space\n"),
        (TOKEN + b'\0a\nb\0plain\0"\0', TOKEN + b'\n"a\\nb"\nplain\n"\\""\n'),
        (TOKEN + b"\0caf\xc3\xa9\0", TOKEN + b'\n"caf\\303\\251"\n'),
    ],
)
def test_the_lines_are_the_token_and_then_the_paths(
    monkeypatch: pytest.MonkeyPatch, reply: bytes, printed: bytes
) -> None:
    """Paths are quoted as in Git, so that each takes one line whatever it holds."""
    monkeypatch.setattr(query, "quotes_high_bytes", lambda _: True)

    assert as_lines(reply, b"/tree") == printed


def test_high_bytes_are_not_quoted_if_git_is_configured_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only unusual bytes are quoted then."""
    monkeypatch.setattr(query, "quotes_high_bytes", lambda _: False)

    printed = as_lines(TOKEN + b"\0caf\xc3\xa9\0\xc3\xa9\t\0", b"/tree")

    assert printed == TOKEN + b'\ncaf\xc3\xa9\n"\xc3\xa9\\t"\n'


def test_git_is_not_run_for_usual_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes longer than the query."""

    def ask(_: bytes) -> bool:
        raise AssertionError

    monkeypatch.setattr(query, "quotes_high_bytes", ask)

    assert as_lines(TOKEN + b"\0a\0\ttab\0", b"/tree") == TOKEN + b'\na\n"\\ttab"\n'


@pytest.mark.parametrize("reply", [b"", b"fsmond", b"x" * 100_000])
def test_an_answer_without_a_token_is_an_error(reply: bytes) -> None:
    """An empty output would mean that nothing changed."""
    with pytest.raises(AnswerError, match="no token"):
        as_lines(reply, b"/tree")


class FakeClient:
    """Gives a fixed answer, and records the requests."""

    reply: bytes | Exception = TOKEN + b"\0caf\xe9\0"

    def __init__(self, path: str, *, start: bool) -> None:
        self.place = self
        self.root = path.encode()
        asked.append((path, start))

    def changes(self, since: str | None) -> bytes:
        asked.append(since)
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply


asked: list[object] = []


@pytest.fixture(autouse=True)
def fake_client(monkeypatch: pytest.MonkeyPatch) -> type[FakeClient]:
    """Replace the client by the fake."""
    asked.clear()
    monkeypatch.setattr(query, "Client", FakeClient)
    return FakeClient


def test_z_prints_the_bytes_of_the_answer(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Nothing is quoted or added."""
    assert query.run(["-z", "--since", "fsmond:t:1", "sub", "--no-start"]) == 0

    assert capfdbinary.readouterr() == (TOKEN + b"\0caf\xe9\0", b"")
    assert asked == [("sub", False), "fsmond:t:1"]


def test_json_is_one_object_on_a_line(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """A path that is not UTF-8 has surrogate escapes."""
    assert query.run(["--json"]) == 0

    out = capfdbinary.readouterr().out
    assert out.count(b"\n") == 1
    assert json.loads(out)["paths"] == ["caf\udce9"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotRunningError("no daemon is watching it; to start one: fsmond start"), 3),
        (StartError("it could not be started"), 1),
        (AnswerError("the answer is invalid"), 1),
        (TimeoutError("no answer"), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_is_one_line_and_its_own_exit_status(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    error: Exception,
    status: int,
) -> None:
    """Scripts check the status, people read the line."""
    monkeypatch.setattr(FakeClient, "reply", error)

    assert query.run([]) == status

    assert capfd.readouterr() == ("", f"fsmond: {error}\n")


@pytest.mark.parametrize(
    ("since", "reply", "note"),
    [
        ("fsmond:0123456789abcdef:9", TOKEN + b"\0/\0restart\0", "have changed: restart"),
        ("fsmond:0123456789abcdef:9", TOKEN + b"\0path\0", ""),
        ("builtin:0.1:2", TOKEN + b"\0/\0unknown-token\0", "have changed: unknown-token"),
        (TOKEN.decode(), TOKEN + b"\0/\0other-root\0", "watches another tree"),
        (TOKEN.decode(), TOKEN + b"\0/\0other-view\0", "another mount namespace"),
        (TOKEN.decode(), b"builtin:0.1:2\0/\0", "git's own daemon answered"),
    ],
)
def test_a_note_explains_an_unexpected_answer(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    since: str,
    reply: bytes,
    note: str,
) -> None:
    """It goes to standard error, and the reason is not printed as a path: programs read paths."""
    monkeypatch.setattr(FakeClient, "reply", reply)

    assert query.run(["--since", since]) == 0

    out, err = capfd.readouterr()
    assert note in err
    assert len(err.splitlines()) == bool(note)
    assert len(err) < 300
    assert out.splitlines()[1:] in (["/"], ["path"])


@pytest.mark.parametrize("since", ["HEAD", "", "c:1:2", "\x1b[2J", "x" * 5000, "1700000000000000"])
def test_what_is_no_token_is_an_error(capfd: pytest.CaptureFixture[str], since: str) -> None:
    """It says what a token looks like; nobody is asked."""
    assert query.run(["--since", since]) == 1

    out, err = capfd.readouterr()
    assert (out, asked) == ("", [])
    assert "is not a token of fsmond: a token looks like fsmond:" in err
    assert err.rstrip("\n").isprintable()
    assert len(err) < 300
