"""Quote paths as Git prints them: like C strings, if they have an unusual byte."""

_ESCAPES = {7: b"\\a", 8: b"\\b", 9: b"\\t", 10: b"\\n", 11: b"\\v", 12: b"\\f", 13: b"\\r"}
_ESCAPES |= {ord('"'): b'\\"', ord("\\"): b"\\\\"}
_CONTROL = frozenset([*range(32), 127])
_LAST_ASCII = 127
_USUAL = bytes(byte for byte in range(128) if byte not in _CONTROL and byte not in _ESCAPES)


def is_usual(text: bytes) -> bool:
    """Return whether text has no byte, other than NUL, that Git would quote."""
    return not text.translate(None, _USUAL + b"\0")


def quote(path: bytes, *, high: bool) -> bytes:
    """Quote a path as Git prints it; `high` also quotes bytes above 127, as is Git's default."""
    unusual = path.translate(None, _USUAL)
    if not unusual or (not high and all(byte > _LAST_ASCII for byte in unusual)):
        return path
    return b'"%s"' % b"".join(_quoted_byte(byte, high=high) for byte in path)


def quotes_high_bytes(root: bytes) -> bool:
    """Return the worktree's `core.quotePath`; True, Git's default, if Git cannot be run."""
    from fsmond.git.program import GitError, git  # slow to import; needed for unusual names only

    try:
        return git("config", "--type=bool", "core.quotePath", directory=root) != b"false"
    except GitError:
        return True


def _quoted_byte(byte: int, *, high: bool) -> bytes:
    if byte in _ESCAPES:
        return _ESCAPES[byte]
    if byte in _CONTROL or (high and byte > _LAST_ASCII):
        return b"\\%03o" % byte
    return bytes([byte])
