"""Own the path of a Windows named pipe: not yet."""

from ipc._application import Application, ServerOptions
from ipc.errors import UnreachableError


class Keeper:
    """What serves a path, as soon as there are named pipes here."""

    stop_reason: str | None = None

    def __init__(self, path: bytes, application: Application, options: ServerOptions) -> None:
        del application, options
        raise UnreachableError(
            f"cannot serve {path!r}: named pipes are not supported yet on Windows"
        )

    def run(self) -> None:
        """Serve until `stop`."""

    def stop(self, reason: str) -> None:
        """Make `run` return soon."""

    def release(self) -> None:
        """Give the path up."""

    def say(self, kind: str, message: str) -> None:
        """Log a trouble."""
