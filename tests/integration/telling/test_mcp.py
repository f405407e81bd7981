"""`fsmond mcp`, asked by the protocol's own client."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.running import FSMOND, LONG, fsmond, status, until
from support.wine import needs_events

pytest.importorskip("mcp", reason="needs the package mcp: pip install 'fsmond[mcp]'")

import mcp_types as types
from mcp import Client, ClientSession, MCPError, StdioServerParameters, stdio_client

pytestmark = needs_events
URI = "fsmond://changes"


class Agent:
    """A session with the server."""

    def __init__(self, session: ClientSession, told: list[str]) -> None:
        self.session = session
        self.told = told
        """The resources of which it was notified."""

    async def call(self, tool: str, **arguments: object) -> dict[str, Any]:
        """Return the result of a tool, which must succeed."""
        found = await self.session.call_tool(tool, arguments)
        assert not found.is_error, found.content
        assert isinstance(found.structured_content, dict)
        text = found.content[0]
        assert isinstance(text, types.TextContent)
        assert json.loads(text.text) == found.structured_content
        return found.structured_content

    async def error(self, tool: str, **arguments: object) -> str:
        """Return the message of a tool that must fail."""
        found = await self.session.call_tool(tool, arguments)
        assert found.is_error
        text = found.content[0]
        assert isinstance(text, types.TextContent)
        return text.text

    async def read(self) -> dict[str, Any]:
        """Return what the resource says."""
        content = (await self.session.read_resource(URI)).contents[0]
        assert isinstance(content, types.TextResourceContents)
        return dict(json.loads(content.text))


@asynccontextmanager
async def agent_in(root: Path) -> AsyncIterator[Agent]:
    """Start the server for a tree, and a session with it."""
    told: list[str] = []

    async def take(message: object) -> None:
        if isinstance(message, types.ResourceUpdatedNotification):
            told.append(str(message.params.uri))

    words = [*FSMOND[1:], "mcp", str(root)]
    server = StdioServerParameters(command=sys.executable, args=words, env=dict(os.environ))
    async with (
        stdio_client(server) as (incoming, outgoing),
        ClientSession(incoming, outgoing, message_handler=take) as session,
    ):
        await session.initialize()
        yield Agent(session, told)


def with_agent(root: Path, talk: Callable[[Agent], Awaitable[None]]) -> None:
    """Talk to the server."""

    async def main() -> None:
        async with agent_in(root) as agent:
            await talk(agent)

    asyncio.run(asyncio.wait_for(main(), 2 * LONG))


async def until_told(agent: Agent, count: int) -> None:
    """Wait until there were so many notifications."""
    while len(agent.told) < count:
        await asyncio.sleep(0.01)


def test_the_tools_are_described(watched: Path) -> None:
    """A model knows nothing else of them."""

    async def talk(agent: Agent) -> None:
        tools = {each.name: each for each in (await agent.session.list_tools()).tools}
        assert set(tools) == {"changes_since", "wait_for_changes"}
        for tool in tools.values():
            assert "everything" in (tool.description or "")
            assert tool.annotations is not None
            assert tool.annotations.read_only_hint
        assert "timeout_seconds" in tools["wait_for_changes"].input_schema["properties"]
        resources = (await agent.session.list_resources()).resources
        assert [str(each.uri) for each in resources] == [URI]

    with_agent(watched, talk)


def test_an_agent_learns_what_changed_since_its_last_turn(watched: Path) -> None:
    """With kinds, and without what Git ignores."""
    (watched / ".gitignore").write_text("*.log\n")

    async def talk(agent: Agent) -> None:
        first = await agent.call("changes_since")
        assert first["changes"] == []
        assert "start" in first["note"]
        (watched / "new").touch()
        (watched / "noise.log").touch()
        (watched / "top").unlink()
        second = await agent.call("changes_since", cursor=first["cursor"])
        assert not second["everything"]
        assert second["omitted"] == 0
        assert {each["path"]: each["kind"] for each in second["changes"]} == {
            "new": "created",
            "top": "deleted",
        }
        filtered = await agent.call(
            "changes_since", cursor=first["cursor"], include=["*.log"], gitignore=False
        )
        assert [each["path"] for each in filtered["changes"]] == ["noise.log"]
        assert (await agent.call("changes_since", cursor=second["cursor"]))["changes"] == []
        lost = await agent.call("changes_since", cursor="fsmond:0000000000000000:1")
        assert (lost["everything"], lost["reason"]) == (True, "restart")

    with_agent(watched, talk)


def test_an_agent_can_wait(watched: Path) -> None:
    """Until something changes, or the time is up, or it has had enough."""

    async def talk(agent: Agent) -> None:
        late = await agent.call("wait_for_changes", timeout_seconds=0.05)
        assert late["changes"] == []
        waiting = asyncio.create_task(agent.call("wait_for_changes", cursor=late["cursor"]))
        await asyncio.sleep(0.1)
        (watched / "new").touch()
        found = await waiting
        assert [each["path"] for each in found["changes"]] == ["new"]
        waiting = asyncio.create_task(agent.call("wait_for_changes"))
        while status(watched)["waiting"] != 1:
            await asyncio.sleep(0.01)
        waiting.cancel()
        while status(watched)["waiting"] != 0:
            await asyncio.sleep(0.01)

    with_agent(watched, talk)


@pytest.mark.filterwarnings("ignore:resources/.* is removed")
def test_a_subscriber_is_told_of_each_batch(watched: Path) -> None:
    """And reads what changed since it read last."""

    async def talk(agent: Agent) -> None:
        assert (await agent.read())["changes"] == []
        await agent.session.subscribe_resource(URI)
        while status(watched)["waiting"] != 1:
            await asyncio.sleep(0.01)
        (watched / "one").touch()
        (watched / "two").touch()
        await until_told(agent, 1)
        assert {each["path"] for each in (await agent.read())["changes"]} == {"one", "two"}
        assert (await agent.read())["changes"] == []
        (watched / "three").touch()
        await until_told(agent, 2)
        assert agent.told == [URI, URI]
        await agent.session.unsubscribe_resource(URI)
        while status(watched)["waiting"] != 0:
            await asyncio.sleep(0.01)

    with_agent(watched, talk)


def test_a_client_of_the_newer_protocol_listens(watched: Path) -> None:
    """It has a stream of events instead of a subscription."""
    words = [*FSMOND[1:], "mcp", str(watched)]
    server = StdioServerParameters(command=sys.executable, args=words, env=dict(os.environ))

    async def main() -> None:
        async with Client(server) as client, client.listen(resource_subscriptions=[URI]) as events:
            while status(watched)["waiting"] != 1:
                await asyncio.sleep(0.01)
            (watched / "new").touch()
            event = await anext(aiter(events))
            assert getattr(event, "uri", None) == URI

    asyncio.run(asyncio.wait_for(main(), 2 * LONG))
    until(lambda: status(watched)["waiting"] == 0)


def test_the_end_of_the_daemon_is_not_the_end(watched: Path) -> None:
    """The next request starts another one, and cursors stay good."""

    async def talk(agent: Agent) -> None:
        first = await agent.call("changes_since")
        await asyncio.to_thread(fsmond, "stop", watched)
        (watched / "meanwhile").touch()
        second = await agent.call("changes_since", cursor=first["cursor"])
        assert [each["path"] for each in second["changes"]] == ["meanwhile"]

    with_agent(watched, talk)


def test_a_mistake_is_an_error_that_the_model_can_read(watched: Path) -> None:
    """And the server goes on."""

    async def talk(agent: Agent) -> None:
        cursor = (await agent.call("changes_since"))["cursor"]
        assert "not a pattern" in await agent.error("changes_since", cursor=cursor, exclude=["["])
        assert "'include'" in await agent.error("changes_since", include="*.py")
        assert "unknown argument" in await agent.error("changes_since", since="x")
        assert "timeout_seconds" in await agent.error("wait_for_changes", timeout_seconds=-1)
        assert "no such tool" in await agent.error("changes")
        with pytest.raises(MCPError):
            await agent.session.read_resource("fsmond://other")
        assert (await agent.call("changes_since", cursor=cursor))["changes"] == []

    with_agent(watched, talk)


def test_it_ends_with_its_standard_input(watched: Path) -> None:
    """Nothing is left of it, and nothing but the protocol was printed."""
    done = subprocess.run(
        [*FSMOND, "mcp", str(watched)], input=b"", capture_output=True, timeout=LONG, check=False
    )

    assert (done.returncode, done.stdout) == (0, b"")
    until(lambda: status(watched)["waiting"] == 0)


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """In one line, before anything else."""
    done = fsmond("mcp", tmp_path / "none")

    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)


def test_what_is_missing_is_named(watched: Path) -> None:
    """The package is an extra."""
    code = (
        "import sys; sys.modules['mcp_types'] = None; sys.argv = ['fsmond', 'mcp', '.'];"
        "from fsmond.entry_point import run; run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=watched, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "fsmond: this needs another package: pip install 'fsmond[mcp]'"
    ]
