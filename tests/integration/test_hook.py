"""The answers of `fsmond hook`, with a real daemon."""

from pathlib import Path

from support.running import fsmond, is_served, status, until

from fsmond.client import Client


def test_the_hook_answers_version_2_with_a_token(watched: Path) -> None:
    """The answer is the daemon's, byte for byte."""
    token = Client(watched).query().token
    (watched / "top").write_text("changed")

    done = fsmond("hook", "2", token, cwd=watched)

    assert done.stdout.split("\0")[1:] == ["top", ""]
    assert done.stdout.startswith("fsmond:")


def test_the_hook_answers_version_1_without_a_token(watched: Path) -> None:
    """Git takes a time as its token; a time from before the start is unknown."""
    token = Client(watched).query().token
    (watched / "top").write_text("changed")

    assert fsmond("hook", "1", token, cwd=watched).stdout == "top\0"
    assert fsmond("hook", "1", "1795220339322547991", cwd=watched).stdout == "/\0"


def test_the_hook_does_not_wait_for_a_daemon_to_start(repository: Path) -> None:
    """The first answer is everything, with a token that leads to everything again."""
    done = fsmond("hook", "2", "x", cwd=repository)

    assert done.stdout.split("\0")[1:] == ["/", ""]
    until(lambda: is_served(repository) and status(repository))
    again = fsmond("hook", "2", done.stdout.split("\0")[0], cwd=repository)
    assert again.stdout.split("\0")[1:] == ["/", ""]
