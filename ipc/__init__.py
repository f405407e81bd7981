"""Simple-IPC, as in Git: one request and one answer over a local socket or a named pipe.

aio       the client for asyncio
client    the client; it imports rarely needed modules on demand, because Git waits for it
deferred  an answer that is given later, from any thread
errors    the exceptions: one class for each decision of a caller
message   send and receive whole messages over a connected stream, in bounded time and memory
pktline   encode and decode messages as Git's pkt-lines, without I/O
server    the server
state     the states of a path: whether a server listens there

Every name in `__all__` is available as `ipc.NAME`; its module is imported on first use.
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
    from ipc.deferred import Deferred
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
    "Deferred",
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
    "deferred": "Deferred",
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
