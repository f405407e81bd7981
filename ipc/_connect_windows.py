"""Reach a server over a Windows named pipe: not yet."""

from typing import NoReturn

from ipc.errors import UnreachableError


def open_stream(path: bytes, disallow_chdir: bool) -> NoReturn:
    """Refuse: there are no named pipes here yet."""
    del disallow_chdir  # means nothing for a pipe
    raise UnreachableError(f"cannot reach {path!r}: named pipes are not supported yet on Windows")
