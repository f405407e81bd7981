"""Text that people can be shown: no character in it that a terminal or a log would obey."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    StrPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]

_BYTES = range(0xDC80, 0xDD00)  # how Python writes bytes that are no text: as lone surrogates


def printable(text: "StrPath") -> str:
    """Return it with its control characters, and bytes that are no text, as Python escapes them."""
    try:
        whole = os.fsdecode(text)
    except UnicodeDecodeError:  # on Windows, where that can be no name; only bytes come here
        path = os.fspath(text)
        whole = path.decode(errors="surrogateescape") if isinstance(path, bytes) else path
    return whole if whole.isprintable() else "".join(map(_escaped, whole))


def message_of(error: BaseException) -> str:
    """Return what an error says, with its paths as people know them."""
    if isinstance(error, OSError) and error.strerror and isinstance(error.filename, str | bytes):
        return f"{error.strerror}: {printable(error.filename)}"
    return printable(str(error))


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    if ord(character) in _BYTES:
        return f"\\x{ord(character) & 0xFF:02x}"
    return character.encode("unicode_escape").decode()
