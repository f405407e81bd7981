"""What is said at a tree's socket.  On the way of every query: no import that is not needed.

A request is a token, or anything else that is none (Git sends timestamps), `flush`, `quit`, or a
JSON object.  docs/protocol.md has the bytes.
"""

import sys

from fsmond.errors import AnswerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

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
OTHER_TREE = "fsmond, for another tree"
"""Who holds a socket, if it is fsmond, but for another root with the same git directory."""
MOST_BYTES = 128 << 20
"""Of an answer.  A daemon that would have to send more says "everything"."""
MOST_PATHS = 2_000_000
"""In an answer; as above."""
MOST_OF_OBJECT = 4 << 20
"""Bytes of an answer that is an object: what is made of it takes up to thirty times as much."""
_TOKENS_OF = {b"fsmond:": FSMOND, b"builtin:": GITS_OWN}  # how those begin that they give
_LONGEST = 16  # bytes of such a beginning
_LONGEST_TOKEN = 1024  # bytes; those of both daemons have less than a hundred
_LONGEST_REASON = 64  # bytes
_LONGEST_PATH = 1 << 20  # bytes; 256 times what a system call takes
_SHOWN = 60  # bytes of an answer that an error repeats
# How a name that is no UTF-8 becomes text: as Python knows it.  On Unix it is any bytes; on Windows
# any 16-bit numbers, which are bytes here as `os.fsencode` has them.
_UNUSUAL = sys.getfilesystemencodeerrors()


def request_for(token: str) -> bytes:
    """Return the request for what changed since a token, which must not be taken for a command.

    It is as Git sends it, and so does not say which tree is meant.
    """
    try:
        request = token[:_LONGEST_TOKEN].encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return NO_TOKEN  # no daemon gave that
    return NO_TOKEN if request in (b"", FLUSH, QUIT) or request[:1] == b"{" else request


def tree_fields(root: bytes, tree_id: str) -> str:
    """Return what says in a JSON request which tree is meant; see `Place.tree_id`."""
    text = f', "root": "{_escaped(_path_text(root))}"'
    return f'{text}, "tree_id": "{tree_id}"' if tree_id else text


def query_for(since: str | None, tree: str) -> bytes:
    """Return the request for what changed, with an answer as Git has it: no JSON to be read."""
    # What is longer is no token, and no more of it need be sent to be told so.
    token = "null" if since is None else f'"{_escaped(since[:_LONGEST_TOKEN])}"'
    return f'{{"command": "query", "form": "wire"{tree}, "since": {token}}}'.encode()


def _escaped(text: str) -> str:
    """Return text as it is within a JSON string: without `json`, which is slow to import."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return text
    return "".join(
        each
        if each > "\uffff" or (each.isprintable() and each not in '"\\')
        else f"\\u{ord(each):04x}"
        for each in text
    )


def ask_changes(send: "Callable[[bytes], bytes]", since: str | None, tree: str) -> bytes:
    """Ask what changed, whoever is there; return the answer as Git has it, checked.

    `send` sends a request and returns the answer to it.  `tree` is what `tree_fields` returned.
    """
    if since is not None and since.startswith("builtin:"):
        reply = send(request_for(since))  # Git's own daemon takes an object for an unknown token
        if daemon_of(reply) == GITS_OWN:
            return checked(reply)
        # Anyone else has to hear which tree is meant.
    reply = send(query_for(since, tree))
    if reply[:1] == b"{":  # an error; or a daemon that knows of no forms
        return Answer.from_object(read_object(reply)).to_wire()
    return checked(reply)


def checked(reply: bytes) -> bytes:
    """Return an answer if it is `TOKEN NUL (PATH NUL)*`, else raise AnswerError.

    Nothing in it may harm whoever prints it, or looks at the paths: whoever answered may be lying.
    """
    end = reply.find(b"\0", 0, _LONGEST_TOKEN + 1)
    token = reply[: max(end, 0)]
    if not token:
        raise AnswerError(f"no token in an answer of {len(reply)} bytes: {_shown(reply)}")
    if not (token.isascii() and token.decode().isprintable()):
        raise AnswerError(f"the token of an answer is no printable text: {_shown(token)}")
    if reply[-1] != 0:
        rest = reply[reply.rfind(b"\0") + 1 :]
        raise AnswerError(f"the last path of an answer has no end: {_shown(rest)}")
    if reply[end : end + 3] == EVERYTHING_TOLD:
        reason = reply[end + 3 :].partition(b"\0")[0]
        if len(reason) > _LONGEST_REASON or not reason.decode(errors="replace").isprintable():
            raise AnswerError(f"the reason in an answer is none: {_shown(reason)}")
    elif len(reply) > end + 1:
        _check_paths(reply, end)
    return reply


def _check_paths(reply: bytes, at: int) -> None:
    """Raise AnswerError unless the paths behind the NUL there are relative, and within bounds."""
    # Backwards, as such short needles are found twice as fast so.
    if reply.rfind(b"\0\0", at) >= 0:
        raise AnswerError("an answer holds an empty path, on which Git would abort")
    if reply.rfind(b"\0/", at) >= 0:
        raise AnswerError("an answer holds a path that is not relative to the tree")
    if reply.rfind(b"..", at) >= 0:
        for above in (b"\0..\0", b"\0../", b"/../", b"/..\0"):
            if reply.find(above, at) >= 0:
                raise AnswerError("an answer holds a path that leads out of the tree, by `..`")
    if len(reply) > MOST_PATHS and reply.count(b"\0", at) > MOST_PATHS:
        raise AnswerError(f"an answer holds more than {MOST_PATHS} paths")
    while len(reply) - at > _LONGEST_PATH:
        last, at = at, reply.rfind(b"\0", at + 1, at + _LONGEST_PATH + 2)
        if at < 0:
            path = reply[last + 1 : last + 1 + _SHOWN]
            raise AnswerError(f"an answer holds a path that is too long: {_shown(path)}")


def without_reason(reply: bytes) -> bytes:
    """Return a checked answer as Git's own daemon would give it."""
    end = reply.find(EVERYTHING_TOLD, 0, _LONGEST_TOKEN + len(EVERYTHING_TOLD))
    if end < 0 or end != reply.find(b"\0"):
        return reply
    return reply[: end + len(EVERYTHING_TOLD)]


def reason_in(reply: bytes) -> str | None:
    """Return why a checked answer is everything; None if it is not, or does not say."""
    brief = without_reason(reply)
    return _text(reply[len(brief) :].partition(b"\0")[0]) or None if brief != reply else None


def read_object(reply: bytes) -> dict[str, object]:
    """Return the object that an answer is; raise AnswerError if it is none."""
    import json  # slow to import, and not needed for a query

    try:
        answer = json.loads(reply)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise AnswerError(f"not a JSON object: {_shown(reply)}")
    if "error" in answer:
        raise AnswerError(str(answer["error"])[:500])
    return answer


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
        `overflow`, `sync-timeout`, `degraded`, `other-root` or `other-view`.  None if who answered
        did not say."""

    def __repr__(self) -> str:
        what = f"everything, {self.reason}" if self.everything else f"{len(self.paths)} paths"
        return f"<Answer {self.token}: {what}>"

    @property
    def daemon(self) -> str:
        """Who answered: `fsmond`, or `git` for Git's own daemon; `?` if the token does not tell."""
        return daemon_of(self.token.encode(errors="replace"))

    @classmethod
    def from_wire(cls, reply: bytes) -> "Answer":
        """Read `TOKEN NUL (PATH NUL)*`; raise AnswerError if it is none, or could do harm."""
        token, *paths, _ = checked(reply).split(b"\0")
        if paths[:1] == [EVERYTHING]:
            return cls(_text(token), None, reason_in(reply))
        return cls(_text(token), paths)

    def to_wire(self) -> bytes:
        """Write it; raise AnswerError if it could do harm."""
        paths = [EVERYTHING] if self.everything else self.paths
        token, reason = self.token, self.reason
        extra = [reason.encode(errors="replace")] if self.everything and reason else []
        return checked(b"\0".join([token.encode(errors="replace"), *paths, *extra, b""]))

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
        raise AnswerError(f"not understood: {str(answer)[:200]!a}")

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
    names = {FSMOND: FSMOND, GITS_OWN: "git's own daemon", OTHER_TREE: "the daemon of another tree"}
    return names.get(daemon, "an unknown daemon")


def is_token(text: str) -> bool:
    """Say whether a daemon may have given this, of whatever tree and time."""
    parts = text.split(":")
    if not text.isascii() or len(text) > _LONGEST_TOKEN:
        return False
    return parts[0] == "builtin" or (
        parts[0] == FSMOND and len(parts) == 3 and parts[1].isalnum() and parts[2].isdigit()  # noqa: PLR2004 - as `Token` writes it
    )


def bytes_of(path: str) -> bytes:
    """Return a path that was text in a JSON object; raise UnicodeEncodeError if it is none."""
    return path.encode(errors=_UNUSUAL)


def _path_text(path: bytes) -> str:
    try:
        return path.decode(errors=_UNUSUAL)
    except UnicodeDecodeError:  # on Windows; whoever sent that has names that are none there
        return _text(path)


def _text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")


def _shown(data: bytes) -> str:
    return ascii(data[:_SHOWN].decode(errors="backslashreplace"))
