"""The Python client: its values, its types, what it costs, and asyncio."""

import asyncio
import copy
import importlib.util
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.running import LONG, fsmond, skip_missing, status, until
from support.wine import needs_events

import fsmond as package
from fsmond import Answer, Change, Client, Status, Verification, aio
from fsmond.errors import AnswerError, DaemonEndedError, Error, PathError

pytestmark = needs_events
MYPY = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent"]
USER = """
from collections.abc import Iterator

from fsmond import Answer, Change, Client, Error, Status, Verification, aio


def names(client: Client) -> list[bytes]:
    answer = client.query(kinds=True, include=["*.py"], gitignore=True)
    if answer.paths is None:
        return []
    changes: list[Change] = answer.changes or []
    return [each.path for each in changes if each.kind == "created"] + answer.paths


def follow(client: Client) -> Iterator[Answer]:
    yield client.wait(timeout=1, settle=0.1)
    yield from client.subscribe(cursor="me", max_wait=2)


def look(client: Client) -> tuple[int, str, int]:
    status: Status = client.status()
    found: Verification = client.verify()
    return status.pid, str(client.root), len(found.differences)


async def later() -> None:
    async with aio.Client(".") as client:
        answer: Answer = await client.wait(timeout=1)
        async for answer in client.subscribe(answer.token):
            print(answer.paths)


with Client(".") as client:
    try:
        names(client)
    except Error as error:
        print(error)
"""
WRONG = """
from fsmond import Client

for path in Client(".").query().paths:
    print(path)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Return where a user's program is."""
    return tmp_path / "program.py"


def checked(program: Path, source: str) -> "subprocess.CompletedProcess[str]":
    """Check the types of a user's program, strictly."""
    program.write_text(source)
    if importlib.util.find_spec("mypy") is None:
        skip_missing("needs mypy")
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--follow-imports=silent",
            "--cache-dir",
            os.devnull,
            str(program),
        ],
        capture_output=True,
        text=True,
        timeout=10 * LONG,
        check=False,
        cwd=program.parent,
        env={**os.environ, "MYPYPATH": str(Path(package.__file__).parents[1])},
    )


@pytest.mark.slow
def test_a_users_program_has_types(program: Path) -> None:
    """Everything that can be imported from `fsmond` has them."""
    done = checked(program, USER)

    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_a_loop_over_everything_is_a_type_error(program: Path) -> None:
    """The mistake that everybody would make once is found before it happens."""
    done = checked(program, WRONG)

    assert done.returncode == 1
    assert "union-attr" in done.stdout or "None" in done.stdout


@pytest.mark.slow
def test_pyright_agrees(program: Path) -> None:
    """Editors use it."""
    tools = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
    pyright = shutil.which("pyright", path=tools)
    if pyright is None:
        skip_missing("needs pyright")
    program.write_text("# pyright: strict\n" + USER)
    done = subprocess.run([pyright, str(program)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_names_cost_nothing_until_they_are_used() -> None:
    """A program that imports the package for one of them should not load the others."""
    code = (
        "import sys, fsmond; print(*[name for name in sys.modules if name.startswith('fsmond.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []
    assert Client.__module__ == "fsmond.client"
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = package.Nothing


def test_a_client_is_a_context_manager_with_a_root(watched: Path) -> None:
    """As people expect of what looks like a connection."""
    with Client(watched / "dir") as client:
        assert client.root == watched.resolve()
        assert client.query().everything


def test_values_can_be_pickled_and_copied(watched: Path) -> None:
    """They go to other processes, and into caches."""
    client = Client(watched)
    token = client.query(kinds=True).token
    (watched / "new").touch()
    values = [client.query(token, kinds=True), client.status(), client.verify(), client.query()]

    for value in values:
        for twin in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
            assert type(twin) is type(value)
            assert repr(twin) == repr(value)
    answer = values[0]
    assert isinstance(answer, Answer)
    assert pickle.loads(pickle.dumps(answer)).changes == [Change(b"new", "created", "file")]


def test_results_have_attributes_and_are_mappings(watched: Path) -> None:
    """New programs use the former, older ones the latter."""
    client = Client(watched)

    state, found = client.status(), client.verify()

    assert (state.pid, state.directories, state.root) == (
        state["pid"],
        state["directories"],
        state["root"],
    )
    assert state.coverage["events"] + state.coverage["scan"] == state.directories
    assert (state.log, state.last_error, state.cursors) == (state["log"], None, {})
    assert state.uptime_seconds >= 0
    assert state.history["path"]
    assert found.differences == ()
    assert found["differences"] == []
    assert (found.directories, found.omitted) == (3, 0)
    assert isinstance(state, Status)
    assert isinstance(found, Verification)


@pytest.mark.parametrize("fields", [{}, {"pid": "1"}, {"pid": True}, {"pid": None}])
def test_a_field_that_is_none_is_an_error(fields: dict[str, object]) -> None:
    """The server may be anything; the mapping has what it sent."""
    state = Status(fields)

    with pytest.raises(AnswerError, match="status: unexpected pid"):
        _ = state.pid
    assert dict(state) == fields


def test_all_errors_have_one_base() -> None:
    """And a built-in one each."""
    assert issubclass(DaemonEndedError, Error)
    assert issubclass(DaemonEndedError, ConnectionError)
    assert package.Error is Error


def test_everything_cannot_be_taken_for_nothing(watched: Path) -> None:
    """A loop over it fails."""
    answer = Client(watched).query()

    assert answer.paths is None
    assert not answer.is_empty
    with pytest.raises(TypeError):
        list(answer.paths)  # type: ignore[call-overload] # it may be None, which is what is tested


def test_asyncio_has_the_same(watched: Path) -> None:
    """Queries, waiting, a subscription, cursors."""

    async def main() -> None:
        async with aio.Client(watched) as client:
            token = (await client.query()).token
            (watched / "one").touch()
            assert (await client.query(token)).paths == [b"one"]
            assert (await client.wait(token, timeout=LONG)).paths == [b"one"]
            assert (await client.wait(timeout=0.05)).is_empty
            assert (await client.query(cursor="a")).everything
            assert (await client.status()).pid
            assert (await client.verify()).differences == ()
            assert set(await client.cursors()) == {"a"}
            async for answer in client.subscribe(token, settle=0, kinds=True):
                assert answer.changes == [Change(b"one", "created", "file")]
                break
            assert await client.delete_cursor("a")
            assert client.root == watched.resolve()

    asyncio.run(asyncio.wait_for(main(), LONG))


def test_many_tasks_wait_at_once_and_can_be_cancelled(watched: Path) -> None:
    """Each on its own connection, and none on a thread."""

    async def main() -> None:
        client = aio.Client(watched)
        tasks = [asyncio.create_task(client.wait(settle=0)) for _ in range(20)]
        while (await client.status())["waiting"] != 20:
            await asyncio.sleep(0.01)
        for task in tasks[:10]:
            task.cancel()
        while (await client.status())["waiting"] != 10:
            await asyncio.sleep(0.01)
        (watched / "new").touch()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert [isinstance(each, asyncio.CancelledError) for each in found] == [True] * 10 + [
            False
        ] * 10
        assert all(isinstance(each, Answer) and each.paths == [b"new"] for each in found[10:])

    asyncio.run(asyncio.wait_for(main(), LONG))


async def first(client: aio.Client) -> Answer:
    """Return the first answer of a subscription."""
    return await anext(client.subscribe())


def test_asyncio_is_told_of_the_daemons_end(watched: Path) -> None:
    """With the same error."""

    async def main() -> None:
        client = aio.Client(watched)
        token = (await client.query()).token
        task = asyncio.create_task(client.wait(token))
        following = asyncio.create_task(first(client))
        while (await client.status())["waiting"] != 2:
            await asyncio.sleep(0.01)
        await client.quit()
        for each in (task, following):
            with pytest.raises(DaemonEndedError):
                await each

    asyncio.run(asyncio.wait_for(main(), LONG))


def test_errors_are_the_same_with_asyncio(repository: Path, tmp_path: Path) -> None:
    """No daemon, no directory, a bad pattern."""

    async def main() -> None:
        with pytest.raises(ConnectionError):
            await aio.Client(repository, start=False).wait()
        with pytest.raises(PathError):
            aio.Client(tmp_path / "none")
        with pytest.raises(AnswerError, match="not a pattern"):
            await aio.Client(repository).wait(exclude=["["])
        with pytest.raises(AnswerError, match="not a pattern"):
            async for _ in aio.Client(repository).subscribe(exclude=["["]):
                pass

    asyncio.run(asyncio.wait_for(main(), LONG))
    until(lambda: status(repository)["waiting"] == 0)
    fsmond("stop", repository)
