"""Filters, asked of a daemon: by the command, and by the client."""

from pathlib import Path

import pytest
from support.running import fsmond, git, has_git
from support.wine import needs_events

from fsmond.client import Client
from fsmond.errors import AnswerError, RequestError

pytestmark = needs_events
needs_git = pytest.mark.skipif(not has_git(), reason="needs git")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use a home directory of our own, for the user's rules."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


@needs_git
def test_a_daemon_takes_in_rules_that_change(repository: Path, home: Path) -> None:
    """What was ignored and no longer is, is reported, though it did not change."""
    client = Client(repository)
    (repository / ".gitignore").write_text("build/\n*.log\n")
    (repository / "build").mkdir()
    for name in ("build/old", "one.log", "secret", "kept.log"):
        (repository / name).touch()
    git(repository, "add", "--force", "kept.log")
    changed = []

    def note(since: str) -> str:
        answer = client.query(since, gitignore=True)
        assert answer.paths is not None, answer.reason
        changed.append(set(answer.paths) - {b".gitignore"})
        return answer.token

    token = client.query(gitignore=True).token
    for name in ("build/new", "two.log", "kept.log", "seen"):
        (repository / name).write_text("new")
    token = note(token)
    (repository / ".gitignore").write_text("*.log\n")
    token = note(token)
    (repository / ".git" / "info" / "exclude").write_text("secret\n")
    (repository / "secret").write_text("new")
    token = note(token)
    (repository / ".git" / "info" / "exclude").write_text("")
    token = note(token)
    (home / "config" / "git").mkdir(parents=True)
    (home / "config" / "git" / "ignore").write_text("seen\n")
    (repository / "seen").write_text("newer")
    token = note(token)
    git(repository, "add", "--force", "one.log")
    note(token)

    assert changed == [{b"kept.log", b"seen"}, {b"build/"}, set(), {b"secret"}, set(), {b"one.log"}]


@needs_git
def test_rules_that_change_while_no_daemon_runs_are_noticed(repository: Path) -> None:
    """Those in the tree by its history, those outside by their content."""
    client = Client(repository)
    (repository / "dir" / ".gitignore").write_text("*.tmp\n")
    (repository / "dir" / "a.tmp").touch()
    token = client.query(gitignore=True).token
    fsmond("stop", repository)
    (repository / "dir" / ".gitignore").write_text("")
    answer = client.query(token, gitignore=True)
    assert answer.paths is not None
    assert b"dir/" in answer.paths

    fsmond("stop", repository)
    (repository / ".git" / "info" / "exclude").write_text("top\n")
    answer = client.query(answer.token, gitignore=True)
    assert (answer.paths, answer.reason) == (None, "restart")


def test_patterns_leave_paths_out(watched: Path) -> None:
    """They are relative to the root, and the last one decides."""
    client = Client(watched)
    token = client.query().token
    for name in ("a.c", "a.o", "keep.o", "dir/b.c"):
        (watched / name).touch()

    excluded = client.query(token, exclude=["*.o", "!keep.o"]).paths
    included = client.query(token, include=["/*.c"], exclude=["dir/"]).paths

    assert set(excluded or ()) == {b"a.c", b"keep.o", b"dir/b.c"}
    assert included == [b"a.c"]


def test_everything_is_never_left_out(watched: Path) -> None:
    """A client that may have missed anything has to know."""
    answer = Client(watched).query("fsmond:0000000000000000:1", include=["nothing"])

    assert answer.paths is None
    assert answer.reason == "restart"


@pytest.mark.parametrize("pattern", ["", "[a", "/", "#", "a\nb"])
def test_a_bad_pattern_is_an_error_that_names_it(watched: Path, pattern: str) -> None:
    """And not a filter that lets nothing, or all, pass."""
    with pytest.raises(AnswerError, match="not a pattern: "):
        Client(watched).query(exclude=[pattern])


def test_one_text_is_no_list_of_patterns(watched: Path) -> None:
    """Else each of its letters would be a pattern."""
    client = Client(watched)
    with pytest.raises(RequestError, match="list of patterns"):
        client.query(exclude="*.o")
    with pytest.raises(ValueError, match="exclude each other"):
        client.query("fsmond:0000000000000000:1", cursor="a")


def test_without_git_the_files_of_the_tree_count(tmp_path: Path) -> None:
    """As other tools do."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / ".gitignore").write_text("*.o\n")
    client = Client(tmp_path / "tree")
    try:
        token = client.query().token
        for name in ("a.c", "a.o"):
            (tmp_path / "tree" / name).touch()

        assert client.query(token, gitignore=True).paths == [b"a.c"]
    finally:
        fsmond("stop", tmp_path / "tree")


def test_the_command_takes_filters(watched: Path) -> None:
    """In any order, and each any number of times."""
    token = fsmond("query", watched).stdout.split()[0]
    for name in ("a.c", "a.o", "b.h"):
        (watched / name).touch()

    done = fsmond(
        *("query", watched, "--include", "*.c", "--since", token, "--include=*.h", "--exclude=b.*")
    )
    bad = fsmond("query", watched, "--exclude", "[a")

    assert done.stdout.splitlines()[1:] == ["a.c"]
    assert bad.returncode == 1
    assert "not a pattern: '[a'" in bad.stderr
    assert len(bad.stderr.splitlines()) == 1
