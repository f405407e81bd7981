"""Name the pipe that stands for a path, as Git names it."""

import os

from ipc.errors import InvalidPathError

PIPES = "\\\\.\\pipe\\"
_LONGEST = 256  # characters of a pipe's whole name; Windows takes no more
_VERBATIM = "\\\\?\\"
_VERBATIM_SHARE = "\\\\?\\UNC\\"


def pipe_name(path: bytes) -> str:
    """Return the name for a path, which itself need not exist; raise InvalidPathError."""
    if not path or b"\0" in path:
        name = path.decode(errors="backslashreplace")
        raise InvalidPathError(f"{name!r} is no path of a file")
    try:
        real = os.path.realpath(os.fsdecode(path))
    except (OSError, ValueError) as error:
        raise InvalidPathError(f"no pipe can be named for {path!r}: {error}") from error
    if real.startswith(_VERBATIM_SHARE):
        real = "\\\\" + real.removeprefix(_VERBATIM_SHARE)
    real = real.removeprefix(_VERBATIM)
    drive, colon, rest = real.partition(":")
    # Git writes all slashes the other way round, and nothing but a drive's colon otherwise.
    pipe = PIPES + (f"{drive}_{rest}" if colon and len(drive) == 1 else real).replace("/", "\\")
    if len(pipe) > _LONGEST:
        raise InvalidPathError(
            f"the pipe for {real!r} would have a name of more than {_LONGEST} characters:"
            " use a shorter path"
        )
    return pipe
