"""All commands and their options."""

import pytest

from fsmond import __version__
from fsmond.cli import commands, main
from fsmond.client import Client
from fsmond.errors import NotRunningError, PathError, StartError
from fsmond.screen import status_text

COMMANDS = ["start", "run", "stop", "status", "query", "verify", "flush"]

STATUS = {
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
def test_the_path_defaults_to_the_current_directory(name: str) -> None:
    """For every command."""
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
def test_bad_usage_exits_with_2_and_prints_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Scripts distinguish it from a failure."""
    with pytest.raises(SystemExit) as ended:
        main.run(arguments)

    assert ended.value.code == 2
    assert "usage: fsmond" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["query", "--help"], ["--version"]])
def test_help_is_not_a_failure(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """It goes to standard output, and can be piped into a pager."""
    with pytest.raises(SystemExit) as ended:
        main.run(arguments)

    out, err = capsys.readouterr()
    assert ended.value.code in (None, 0)
    assert (bool(out), err) == (True, "")


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    """It is written in one place."""
    with pytest.raises(SystemExit):
        main.run(["--version"])

    assert capsys.readouterr().out == f"fsmond {__version__}\n"


@pytest.mark.parametrize(
    "error",
    [PathError("no such directory"), StartError("too few watches"), OSError("disk on fire")],
    ids=lambda error: type(error).__name__,
)
def test_a_failure_exits_with_1_and_prints_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    """The message says what to do; a traceback would not."""

    def fail(_: object) -> int:
        raise error

    monkeypatch.setattr(commands, "start", fail)

    assert main.run(["start"]) == 1

    assert capsys.readouterr() == ("", f"fsmond: {error}\n")


@pytest.fixture
def no_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run no daemon, and fail if one is to be started."""

    def ask(*_: object, **options: object) -> bytes:
        assert options.get("start") is False
        raise NotRunningError("no daemon is watching it")

    monkeypatch.setattr(Client, "ask", ask)


@pytest.mark.usefixtures("no_daemon")
@pytest.mark.parametrize(
    ("arguments", "status", "printed"),
    [
        (["status"], 1, "fsmond is not watching "),
        (["status", "--json"], 1, '"watching": false'),
        (["flush"], 1, "no daemon is watching it"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_that_needs_a_daemon_reports_that_there_is_none(
    capfd: pytest.CaptureFixture[str], arguments: list[str], status: int, printed: str
) -> None:
    """It does not start one."""
    assert main.run(arguments) == status

    assert printed in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "line",
    [
        "fsmond 1.2.3 is watching /tree",
        "process      7, running for 60 s",
        "directories  12: 11 watched by events, 1 scanned for each query",
        "             sudo make it better",
        "index        ready",
        "resyncs      4",
        "             overflow: the 3th",
        "log          no file",
        "last error   none",
    ],
)
def test_status_has_a_line_for_each_thing(line: str) -> None:
    """People read it."""
    assert line in status_text.format_status(STATUS).splitlines()
