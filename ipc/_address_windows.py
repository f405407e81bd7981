"""Map a path to the name of a pipe, as Git does."""

import os

from ipc.errors import InvalidPathError

PIPES = "\\\\.\\pipe\\"
_MAX_NAME = 256  # characters; Windows' limit for the whole name of a pipe
_VERBATIM = "\\\\?\\"
_VERBATIM_SHARE = "\\\\?\\UNC\\"


def pipe_name(path: bytes) -> str:
    """Return the name of the pipe for a path, which need not exist; raise InvalidPathError."""
    if not path or b"\0" in path:
        name = path.decode(errors="backslashreplace")
        raise InvalidPathError(f"{name!r} is not a valid path")
    try:
        real = os.path.realpath(os.fsdecode(path))
    except (OSError, ValueError) as error:
        raise InvalidPathError(f"there is no pipe name for {path!r}: {error}") from error
    if real.startswith(_VERBATIM_SHARE):
        real = "\\\\" + real.removeprefix(_VERBATIM_SHARE)
    real = real.removeprefix(_VERBATIM)
    drive, colon, rest = real.partition(":")
    # Git replaces all slashes with backslashes, and a drive's colon with an underscore.
    pipe = PIPES + (f"{drive}_{rest}" if colon and len(drive) == 1 else real).replace("/", "\\")
    if len(pipe) > _MAX_NAME:
        raise InvalidPathError(
            f"the pipe for {real!r} would have a name of more than {_MAX_NAME} characters:"
            " use a shorter path"
        )
    return pipe
