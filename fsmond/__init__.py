"""A daemon that reports which paths under a directory changed since the last query, and a client.

aio               the client for asyncio
client            the client for Python programs
diagnosis         error messages about a daemon that does not answer
entry_point       the command `fsmond`
errors            the exceptions of the client
exchange          one request and its answer over a tree's socket
folders           folders that are private to this user
isolation         from where a process may import modules
listening         requests with more than a token, and answers that come later
paths             relations of paths, their spellings, and where they lead
printable         text without control characters, for terminals and logs
protocol          requests and answers, as bytes and as values
rendezvous        find a tree's root and its daemon's socket
results           what the daemon's answers say, as values with types
answering         what clients other than Git ask: kinds, filters, cursors, to be told
cli               the command line
daemon            the process that serves a monitor
execute           run a command after each batch of changes
filters           which paths are left out, by the rules of gitignore files
git               all that fsmond knows about Git
helping           a second process that compares a part of a tree
index             the recorded state of a tree, and how it differs from the tree now
journal           what changed since when: pure bookkeeping, without I/O, clocks or threads
manage            all daemons of a user: find, check and end them
mcp               a server for coding agents, by the Model Context Protocol
monitor           the history of one tree
presence          what others see of a daemon that runs
process           start, find, lock and stop a daemon's process
screen            what people see in a terminal
service           daemons from each login on, by the system's manager of services
storage           a history on disk
watching          where changes come from
watchman          a server for Watchman's clients
windows           what several rooms need on Windows
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fsmond.client import Client as Client
    from fsmond.errors import Error as Error
    from fsmond.protocol import Answer as Answer
    from fsmond.results import Change as Change
    from fsmond.results import Status as Status
    from fsmond.results import Verification as Verification

__version__ = "0.1.0"

_HOME = {  # of the names that can be imported from here; loaded when they are used
    "Client": "client",
    "Error": "errors",
    "Answer": "protocol",
    "Change": "results",
    "Status": "results",
    "Verification": "results",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
