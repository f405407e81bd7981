"""All commands, and what is typed with them."""

import pytest

from fsmond import __version__
from fsmond.cli import commands, main, telling
from fsmond.client import Client
from fsmond.errors import NotRunningError, PathError, StartError

COMMANDS = ["start", "run", "stop", "status", "query", "verify", "flush"]

TOLD = {
    "version": "1.2.3",
    "root": "/tree",
    "pid": 7,
    "uptime_seconds": 59.7,
    "directories": 12,
    "coverage": {"events": 11, "scan": 1, "none": 0},
    "advice": "sudo make it better",
    "state": "ready",
    "events": 345,
    "queries": 67,
    "resynced": 4,
    "resyncs": [{"time": 0, "reason": "overflow", "detail": f"the {n}th"} for n in range(4)],
    "socket": "/tree/.git/fsmonitor--daemon.ipc",
    "log": None,
    "last_error": None,
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_path_is_the_current_directory_if_it_is_left_out(name: str) -> None:
    """For each command alike."""
    assert main._parser().parse_args([name]).path == "."
    assert main._parser().parse_args([name, "sub"]).path == "sub"
    assert main._parser().parse_args([name, "--", "-odd-name"]).path == "-odd-name"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["start", "one", "two"],
        ["status", "--nonsense"],
        ["query", "--since"],
        ["query", "-z", "--json"],
        ["hook"],
        ["hook", "3", "token"],
    ],
    ids=" ".join,
)
def test_bad_usage_is_2_with_a_word_about_it(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Scripts tell it from a failure by that."""
    with pytest.raises(SystemExit) as ended:
        main.run(arguments)

    assert ended.value.code == 2
    assert "usage: fsmond" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["query", "--help"], ["--version"]])
def test_help_is_no_failure(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """It goes where it can be piped into a pager."""
    with pytest.raises(SystemExit) as ended:
        main.run(arguments)

    out, err = capsys.readouterr()
    assert ended.value.code in (None, 0)
    assert (bool(out), err) == (True, "")


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    """There is one place where it is written."""
    with pytest.raises(SystemExit):
        main.run(["--version"])

    assert capsys.readouterr().out == f"fsmond {__version__}\n"


@pytest.mark.parametrize(
    "error",
    [PathError("no such directory"), StartError("too few watches"), OSError("disk on fire")],
    ids=lambda error: type(error).__name__,
)
def test_a_failure_is_1_and_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    """The message says what to do; a traceback would not."""

    def fail(_: object) -> int:
        raise error

    monkeypatch.setattr(commands, "start", fail)

    assert main.run(["start"]) == 1

    assert capsys.readouterr() == ("", f"fsmond: {error}\n")


@pytest.fixture
def nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be no daemon, and none be started."""

    def ask(*_: object, **options: object) -> bytes:
        assert options.get("start") is False
        raise NotRunningError("nobody watches it")

    monkeypatch.setattr(Client, "ask", ask)


@pytest.mark.usefixtures("nobody_watches")
@pytest.mark.parametrize(
    ("arguments", "status", "printed"),
    [
        (["status"], 1, "fsmond is not watching "),
        (["status", "--json"], 1, '"watching": false'),
        (["flush"], 1, "nobody watches it"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_that_needs_a_daemon_says_that_there_is_none(
    capfd: pytest.CaptureFixture[str], arguments: list[str], status: int, printed: str
) -> None:
    """And starts none: to look is not to begin."""
    assert main.run(arguments) == status

    assert printed in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "line",
    [
        "fsmond 1.2.3 is watching /tree",
        "process      7, for 60 s",
        "directories  12: 11 by events, 1 by looking at them for each query",
        "             sudo make it better",
        "index        ready",
        "resyncs      4",
        "             overflow: the 3th",
        "log          no file",
        "last error   none",
    ],
)
def test_status_says_it_for_people(line: str) -> None:
    """A line for each thing that one may wonder about."""
    assert line in telling.described(TOLD).splitlines()
