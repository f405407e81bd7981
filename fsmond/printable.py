"""Make text printable: without control characters that a terminal or a log would interpret."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    StrPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]

_BYTES = range(0xDC80, 0xDD00)  # lone surrogates, by which Python represents undecodable bytes


def printable(text: "StrPath") -> str:
    """Return the text with control characters and undecodable bytes escaped as Python does."""
    try:
        whole = os.fsdecode(text)
    except UnicodeDecodeError:  # on Windows, for bytes that are not a valid name there
        path = os.fspath(text)
        whole = path.decode(errors="surrogateescape") if isinstance(path, bytes) else path
    return whole if whole.isprintable() else "".join(map(_escaped, whole))


def message_of(error: BaseException) -> str:
    """Return an error's message, with its path as people write it."""
    if not isinstance(error, OSError) or not error.strerror:
        return printable(str(error))
    if isinstance(error.filename, str | bytes):
        return f"{error.strerror}: {printable(error.filename)}"
    return printable(error.strerror)


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    if ord(character) in _BYTES:
        return f"\\x{ord(character) & 0xFF:02x}"
    return character.encode("unicode_escape").decode()
