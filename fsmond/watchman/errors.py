"""The errors that a client is told."""


class CommandError(Exception):
    """A command cannot be carried out; the message says why."""


class RootError(CommandError):
    """A directory is not watched, or cannot be."""

    def __init__(self, path: str, reason: str) -> None:
        # Clients look for these words before they watch the directory.
        super().__init__(f"RootResolveError: unable to resolve root {path}: {reason}")


def query_error(reason: str) -> CommandError:
    """Return the error for a query that is not valid."""
    return CommandError(f"QueryParseError: failed to parse query: {reason}")
