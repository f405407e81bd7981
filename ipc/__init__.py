"""Simple-IPC, as in Git: one request, one answer, over a local socket.

ipc.client     ask a server
ipc.aio        ask a server, under asyncio
ipc.server     be a server
ipc.state      what can be found at a path
ipc.errors     what can go wrong
ipc.pktline    the bytes on the wire
ipc.message    whole messages over a stream

Every name below can be had as `ipc.NAME`; its module is loaded when it is first asked for.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipc import aio as aio
    from ipc.client import (
        Connection,
        ConnectOptions,
        connect,
        get_active_state,
        send_command,
        try_connect,
    )
    from ipc.errors import (
        AddressInUseError,
        Error,
        HungUpError,
        InvalidPathError,
        NoServerError,
        ProtocolError,
        TimedOutError,
        UnreachableError,
        UnsafePathError,
    )
    from ipc.server import QUIT, Peer, Server, ServerOptions, run
    from ipc.state import ActiveState

__all__ = [
    "QUIT",
    "ActiveState",
    "AddressInUseError",
    "ConnectOptions",
    "Connection",
    "Error",
    "HungUpError",
    "InvalidPathError",
    "NoServerError",
    "Peer",
    "ProtocolError",
    "Server",
    "ServerOptions",
    "TimedOutError",
    "UnreachableError",
    "UnsafePathError",
    "aio",
    "connect",
    "get_active_state",
    "run",
    "send_command",
    "try_connect",
]

_MODULES = {
    "client": "Connection ConnectOptions connect get_active_state send_command try_connect",
    "server": "QUIT Peer Server ServerOptions run",
    "state": "ActiveState",
    "aio": "aio",
    "errors": (
        "AddressInUseError Error HungUpError InvalidPathError NoServerError ProtocolError"
        " TimedOutError UnreachableError UnsafePathError"
    ),
}


def __getattr__(name: str) -> object:
    for module, names in _MODULES.items():
        if name in names.split():
            found = __import__(f"ipc.{module}", fromlist=["*"])
            globals()[name] = value = found if name == module else getattr(found, name)
            return value
    raise AttributeError(f"module 'ipc' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
