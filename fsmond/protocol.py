"""What is said at a tree's socket.  On the way of every query: no import that is not needed.

A request is a token, or anything else that is none (Git sends timestamps), `flush`, `quit`, or a
JSON object.  docs/protocol.md has the bytes.
"""

import sys

from fsmond.errors import AnswerError

FLUSH = b"flush"
NO_TOKEN = b"-"
"""Of who has none; Git, when it lost its own, sends nothing at all."""
QUIT = b"quit"
EVERYTHING = b"/"
"""As the first path: all may have changed."""
EVERYTHING_TOLD = b"\0" + EVERYTHING + b"\0"
"""How an answer ends then."""
FSMOND = "fsmond"
GITS_OWN = "git"
_TOKENS_OF = {b"fsmond:": FSMOND, b"builtin:": GITS_OWN}  # how those begin that they give
_LONGEST = 16  # bytes of such a beginning
# How a name that is no UTF-8 becomes text: as Python knows it.  On Unix it is any bytes; on Windows
# any 16-bit numbers, which are bytes here as `os.fsencode` has them.
_UNUSUAL = sys.getfilesystemencodeerrors()


def request_for(token: str) -> bytes:
    """Return the request for what changed since a token, which must not be taken for a command."""
    request = _token_bytes(token)
    return NO_TOKEN if request in (b"", FLUSH, QUIT) or request[:1] == b"{" else request


class Answer:
    """What a client learns: where it stands now, and what it missed."""

    __slots__ = ("everything", "paths", "reason", "token")

    def __init__(self, token: str, paths: list[bytes] | None, reason: str | None = None) -> None:
        self.token = token
        """To ask with the next time."""
        self.paths = paths or []
        """Relative to the root, newest first; one with a `/` behind: and everything below it."""
        self.everything = paths is None
        """All may have changed; then `paths` is empty."""
        self.reason = reason
        """Why everything: `no-token`, `unknown-token`, `token-too-old`, `flush`, `restart`,
        `overflow`, `sync-timeout` or `degraded`.  None if who answered did not say."""

    def __repr__(self) -> str:
        what = f"everything, {self.reason}" if self.everything else f"{len(self.paths)} paths"
        return f"<Answer {self.token}: {what}>"

    @property
    def daemon(self) -> str:
        """Who answered: `fsmond`, or `git` for Git's own daemon; `?` if the token does not tell."""
        return daemon_of(_token_bytes(self.token))

    @classmethod
    def from_wire(cls, reply: bytes) -> "Answer":
        """Read `TOKEN NUL (PATH NUL)*`; raise AnswerError if it is none."""
        token, found, rest = reply.partition(b"\0")
        if not found:
            raise AnswerError(f"no token in an answer of {len(reply)} bytes: {reply[:60]!r}")
        *paths, remainder = rest.split(b"\0")
        if remainder:
            raise AnswerError(f"the last path of an answer has no end: {remainder[:60]!r}")
        return cls(_text(token), None if paths[:1] == [EVERYTHING] else paths)

    @classmethod
    def from_object(cls, answer: dict[str, object]) -> "Answer":
        """Read what the request `query` is answered with; raise AnswerError if it is no such."""
        try:
            match answer:
                case {"token": str(token), "everything": True, "reason": str() | None as reason}:
                    return cls(token, None, reason)
                case {"token": str(token), "everything": False, "paths": list(paths)}:
                    return cls(token, [bytes_of(each) for each in paths])
        except (AttributeError, UnicodeEncodeError):
            pass  # a path that is none
        raise AnswerError(f"not understood: {str(answer)[:200]}")

    def to_object(self) -> dict[str, object]:
        """Return it as JSON knows it; a path that is no UTF-8 as `os.fsdecode` has it."""
        return {
            "token": self.token,
            "everything": self.everything,
            "reason": self.reason,
            "paths": [_path_text(path) for path in self.paths],
        }


def daemon_of(reply: bytes) -> str:
    """Return who gave an answer, or a token; see Answer.daemon."""
    return _TOKENS_OF.get(reply[: reply.find(b":", 0, _LONGEST) + 1], "?")


def named(daemon: str) -> str:
    """Return what people call a daemon."""
    return {FSMOND: "fsmond", GITS_OWN: "git's own daemon"}.get(daemon, "an unknown daemon")


def bytes_of(path: str) -> bytes:
    """Return a path that was text in a JSON object; raise UnicodeEncodeError if it is none."""
    return path.encode(errors=_UNUSUAL)


def _path_text(path: bytes) -> str:
    try:
        return path.decode(errors=_UNUSUAL)
    except UnicodeDecodeError:  # on Windows; whoever sent that has names that are none there
        return _text(path)


def _token_bytes(token: str) -> bytes:
    try:
        return token.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return NO_TOKEN  # no daemon gave that


def _text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")
