"""Serve a tree's changes on standard input and output, as the Model Context Protocol has it."""

import asyncio
import json
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.subscriptions import ListenHandler

from fsmond import __version__
from fsmond.aio import Client
from fsmond.errors import Error
from fsmond.mcp import arguments
from fsmond.mcp.arguments import Arguments
from fsmond.mcp.follower import Follower
from fsmond.protocol import Answer

URI = "fsmond://changes"
_MAX_LISTED = 1000  # changes in a result; a model reads no more
_ADVICE = (
    "Results have `changes`: paths relative to the root of the tree, each with a kind (created, "
    "modified, deleted) and a type; a path that ends in / is a directory. `cursor` is what to pass "
    "next time. If `everything` is true, anything may have changed: look at the files again that "
    "you rely on. If `omitted` is not 0, that many more paths changed. What you change yourself is "
    "reported, too: ask once after your own edits, and keep that cursor."
)
_STARTING = "This cursor is where to start from: pass it the next time."

Context = ServerRequestContext[Any, Any]


def run(path: str) -> int:
    """Serve until standard input ends; return the exit status.  Raise PathError."""
    asyncio.run(_serve(Client(path)))
    return 0


async def _serve(client: Client) -> None:
    tree = Tree(client)
    server = tree.server()
    try:
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())
    finally:
        tree.close()


class Tree:
    """The tools and the resource of one tree."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._follower = Follower(client, URI)
        self._read_until: str | None = None  # up to which cursor the resource was read

    def server(self) -> Server[Any]:
        """Return a server with its handlers."""
        return Server(
            "fsmond",
            version=__version__,
            instructions=f"What changed in {self._client.root} since you last asked. {_ADVICE}",
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=self._list_resources,
            on_read_resource=self._read_resource,
            on_subscribe_resource=self._subscribe,
            on_unsubscribe_resource=self._unsubscribe,
            on_subscriptions_listen=ListenHandler(self._follower),
        )

    def close(self) -> None:
        """Follow the tree no longer."""
        self._follower.close()

    async def _list_tools(self, _: Context, __: object) -> types.ListToolsResult:
        timeout = {"timeout_seconds": arguments.TIMEOUT_PROPERTY}
        return types.ListToolsResult(
            tools=[
                _tool(
                    "changes_since",
                    f"Return what changed in the tree since a cursor. {_ADVICE}",
                    arguments.PROPERTIES,
                ),
                _tool(
                    "wait_for_changes",
                    "Wait until something changes in the tree, and return what; since a cursor or, "
                    f"without one, since now. {_ADVICE}",
                    {**arguments.PROPERTIES, **timeout},
                ),
            ]
        )

    async def _call_tool(
        self, _: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        tools = {"changes_since": self._changes_since, "wait_for_changes": self._wait_for_changes}
        tool = tools.get(params.name, _no_such_tool)
        try:
            found = await tool(arguments.read(params.arguments or {}))
        except (Error, ValueError) as error:
            text = types.TextContent(type="text", text=str(error))
            return types.CallToolResult(content=[text], is_error=True)
        text = types.TextContent(type="text", text=json.dumps(found))
        return types.CallToolResult(content=[text], structured_content=found)

    async def _changes_since(self, given: Arguments) -> dict[str, Any]:
        if given.cursor is None:
            token = (await self._client.query(kinds=True)).token
            return {**_as_result(Answer(token, [])), "note": _STARTING}
        answer = await self._client.query(
            given.cursor,
            kinds=True,
            include=given.include,
            exclude=given.exclude,
            gitignore=given.gitignore,
        )
        return _as_result(answer)

    async def _wait_for_changes(self, given: Arguments) -> dict[str, Any]:
        answer = await self._client.wait(
            given.cursor,
            timeout=given.timeout,
            kinds=True,
            include=given.include,
            exclude=given.exclude,
            gitignore=given.gitignore,
        )
        return _as_result(answer)

    async def _list_resources(self, _: Context, __: object) -> types.ListResourcesResult:
        text = f"What changed in {self._client.root} since this was last read"
        resource = types.Resource(
            name="changes", uri=URI, description=text, mime_type="application/json"
        )
        return types.ListResourcesResult(resources=[resource])

    async def _read_resource(
        self, _: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        _refuse_other(params.uri)
        if self._read_until is None:
            answer = Answer((await self._client.query(kinds=True)).token, [])
        else:
            answer = await self._client.query(self._read_until, kinds=True, gitignore=True)
        self._read_until = answer.token
        content = types.TextResourceContents(
            uri=URI, mime_type="application/json", text=json.dumps(_as_result(answer))
        )
        return types.ReadResourceResult(contents=[content])

    async def _subscribe(
        self, context: Context, params: types.SubscribeRequestParams
    ) -> types.EmptyResult:
        _refuse_other(params.uri)
        self._follower.add(context.session)
        return types.EmptyResult()

    async def _unsubscribe(
        self, _: Context, params: types.UnsubscribeRequestParams
    ) -> types.EmptyResult:
        _refuse_other(params.uri)
        self._follower.remove()
        return types.EmptyResult()


async def _no_such_tool(_: Arguments) -> dict[str, Any]:
    raise ValueError("there is no such tool: the tools are changes_since and wait_for_changes")


def _tool(name: str, description: str, properties: dict[str, Any]) -> types.Tool:
    return types.Tool(
        name=name,
        description=description,
        input_schema={"type": "object", "properties": properties},
        annotations=types.ToolAnnotations(read_only_hint=True, open_world_hint=False),
    )


def _as_result(answer: Answer) -> dict[str, Any]:
    """Return an answer as a model gets it."""
    listed = (answer.changes or [])[:_MAX_LISTED]
    found = Answer(answer.token, [], changes=listed).to_object()
    return {
        "cursor": answer.token,
        "everything": answer.everything,
        "reason": answer.reason,
        "changes": found["changes"],
        "omitted": len(answer.changes or []) - len(listed),
    }


def _refuse_other(uri: object) -> None:
    if str(uri) != URI:
        raise ValueError(f"there is no resource {str(uri)[:80]!a}: only {URI}")
