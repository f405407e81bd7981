"""Requests and answers at a tree's socket.  Every query imports this: only what is needed.

A request is `flush`, `quit`, a JSON object, or a token; anything else is an unknown token (Git
sends timestamps).  docs/reference/protocol.md describes the bytes.
"""

import sys

from fsmond.errors import AnswerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fsmond.results import Change

FLUSH = b"flush"
NO_TOKEN = b"-"
"""The request of a client without a token; Git sends an empty one when it lost its own."""
QUIT = b"quit"
EVERYTHING = b"/"
"""As the first path: everything may have changed."""
EVERYTHING_ENDING = b"\0" + EVERYTHING + b"\0"
"""The end of such an answer, before the reason."""
FSMOND = "fsmond"
GITS_OWN = "git"
OTHER_TREE = "fsmond, for another tree"
"""The socket's owner, if it is fsmond, but for another root with the same git directory."""
MAX_ANSWER_BYTES = 128 << 20
"""A daemon that would have to send more answers "everything"."""
MAX_ANSWER_PATHS = 2_000_000
"""As above."""
MAX_OBJECT_BYTES = 4 << 20
"""Of an answer that is a JSON object: parsed, it takes up to thirty times as much memory."""
_TOKEN_PREFIXES = {b"fsmond:": FSMOND, b"builtin:": GITS_OWN}
_MAX_PREFIX = 16  # bytes
_MAX_TOKEN = 1024  # bytes; tokens of both daemons have less than a hundred
_MAX_REASON = 64  # bytes
_MAX_PATH = 1 << 20  # bytes; 256 times what a system call takes
_SHOWN = 60  # bytes of an answer that an error message repeats
_MAX_WORDS = 500  # characters of a server's words that an error message repeats
# Python's error handler for names that are not UTF-8.  A name on Unix is any bytes; on Windows it
# is any 16-bit numbers, which are bytes here as `os.fsencode` returns them.
_NAME_ERRORS = sys.getfilesystemencodeerrors()


def request_for(token: str) -> bytes:
    """Return the request for what changed since a token; no token can be taken for a command.

    It has Git's form, so it does not name the tree.
    """
    try:
        request = token[:_MAX_TOKEN].encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return NO_TOKEN  # no daemon issued that
    return NO_TOKEN if request in (b"", FLUSH, QUIT) or request[:1] == b"{" else request


def tree_fields(root: bytes, tree_id: str) -> str:
    """Return the fields of a JSON request that identify the tree; see `Place.tree_id`."""
    text = f', "root": "{_escaped(path_text(root))}"'
    return f'{text}, "tree_id": "{tree_id}"' if tree_id else text


def query_for(since: str | None, tree: str) -> bytes:
    """Return the JSON request for what changed; its answer has Git's form, which needs no JSON."""
    # Anything longer is not a token, and its beginning is enough to be refused.
    token = "null" if since is None else f'"{_escaped(since[:_MAX_TOKEN])}"'
    return f'{{"command": "query", "form": "wire"{tree}, "since": {token}}}'.encode()


def _escaped(text: str) -> str:
    """Escape text for a JSON string, without `json`, which is slow to import."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return text
    return "".join(
        each
        if each > "\uffff" or (each.isprintable() and each not in '"\\')
        else f"\\u{ord(each):04x}"
        for each in text
    )


def ask_changes(send: "Callable[[bytes], bytes]", since: str | None, tree: str) -> bytes:
    """Query what changed, from fsmond or Git's own daemon; return the checked answer in Git's form.

    `send` sends a request and returns its answer.  `tree` is the result of `tree_fields`.
    """
    if since is not None and since.startswith("builtin:"):
        reply = send(request_for(since))  # Git's own daemon takes an object for an unknown token
        if daemon_of(reply) == GITS_OWN:
            return checked(reply)
        # Any other daemon needs to know which tree is meant.
    reply = send(query_for(since, tree))
    if reply[:1] == b"{":  # an error, or the answer of an older daemon that ignores `form`
        return Answer.from_object(read_object(reply)).to_wire()
    return checked(reply)


def checked(reply: bytes) -> bytes:
    """Return an answer if it is `TOKEN NUL (PATH NUL)*`, else raise AnswerError.

    The server may be malicious: no checked answer harms a terminal, Git, or a program that opens
    its paths.
    """
    end = reply.find(b"\0", 0, _MAX_TOKEN + 1)
    token = reply[: max(end, 0)]
    if not token:
        raise AnswerError(f"no token in an answer of {len(reply)} bytes: {_shown(reply)}")
    if not (token.isascii() and token.decode().isprintable()):
        raise AnswerError(f"the token of an answer is not printable ASCII: {_shown(token)}")
    if reply[-1] != 0:
        rest = reply[reply.rfind(b"\0") + 1 :]
        raise AnswerError(f"the last path of an answer has no final NUL: {_shown(rest)}")
    if reply[end : end + 3] == EVERYTHING_ENDING:
        reason = reply[end + 3 :].partition(b"\0")[0]
        if len(reason) > _MAX_REASON or not reason.decode(errors="replace").isprintable():
            raise AnswerError(f"the reason in an answer is invalid: {_shown(reason)}")
    elif len(reply) > end + 1:
        _check_paths(reply, end)
    return reply


def _check_paths(reply: bytes, at: int) -> None:
    """Raise AnswerError unless the paths after the NUL at `at` are relative and within bounds."""
    # Backwards, as the search for such short strings is twice as fast that way.
    if reply.rfind(b"\0\0", at) >= 0:
        raise AnswerError("an answer has an empty path, on which Git would abort")
    if reply.rfind(b"\0/", at) >= 0:
        raise AnswerError("an answer has a path that is not relative to the tree")
    if reply.rfind(b"..", at) >= 0:
        for above in (b"\0..\0", b"\0../", b"/../", b"/..\0"):
            if reply.find(above, at) >= 0:
                raise AnswerError("an answer has a path that leads out of the tree, by `..`")
    if len(reply) > MAX_ANSWER_PATHS and reply.count(b"\0", at) > MAX_ANSWER_PATHS:
        raise AnswerError(f"an answer has more than {MAX_ANSWER_PATHS} paths")
    while len(reply) - at > _MAX_PATH:
        last, at = at, reply.rfind(b"\0", at + 1, at + _MAX_PATH + 2)
        if at < 0:
            path = reply[last + 1 : last + 1 + _SHOWN]
            raise AnswerError(f"an answer has a path that is too long: {_shown(path)}")


def without_reason(reply: bytes) -> bytes:
    """Return a checked answer without its reason, which Git's own daemon does not send."""
    end = reply.find(EVERYTHING_ENDING, 0, _MAX_TOKEN + len(EVERYTHING_ENDING))
    if end < 0 or end != reply.find(b"\0"):
        return reply
    return reply[: end + len(EVERYTHING_ENDING)]


def reason_in(reply: bytes) -> str | None:
    """Return the reason why a checked answer is everything; None if it is not, or gives none."""
    brief = without_reason(reply)
    return _text(reply[len(brief) :].partition(b"\0")[0]) or None if brief != reply else None


def read_object(reply: bytes) -> dict[str, object]:
    """Parse an answer that is a JSON object; raise AnswerError if it is an error or invalid."""
    import json  # slow to import, and not needed for a query

    try:
        answer = json.loads(reply)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise AnswerError(f"not a JSON object: {_shown(reply)}")
    if "error" in answer:
        raise AnswerError(words_of(answer["error"]))
    return answer


def words_of(value: object) -> str:
    """Return what a server says, for an error message: short, and printable."""
    from fsmond.printable import printable  # rarely needed

    return printable(str(value)[:_MAX_WORDS])


class Answer:
    """The answer to a query: a new token, and what changed since the old one."""

    __slots__ = ("changes", "everything", "paths", "reason", "token")

    def __init__(
        self,
        token: str,
        paths: list[bytes] | None,
        reason: str | None = None,
        *,
        changes: "list[Change] | None" = None,
    ) -> None:
        self.token = token
        """The token for the next query."""
        self.paths = paths
        """Relative to the root, newest first; a final `/` stands for everything below the path.
        None if everything may have changed: no loop over it can be taken for "nothing"."""
        self.changes = changes
        """The same with kinds, if they were asked for; None if not, or if `everything`."""
        self.everything = paths is None
        """True if everything may have changed."""
        self.reason = reason
        """Why everything: `no-token`, `unknown-token`, `token-too-old`, `flush`, `restart`,
        `overflow`, `sync-timeout`, `degraded`, `other-root` or `other-view`.  None if the daemon
        gave no reason."""

    def __repr__(self) -> str:
        what = f"everything, {self.reason}" if self.paths is None else f"{len(self.paths)} paths"
        return f"<Answer {self.token}: {what}>"

    @property
    def is_empty(self) -> bool:
        """True if nothing changed: `paths` is an empty list."""
        return self.paths == []

    @property
    def daemon(self) -> str:
        """Which daemon answered: `fsmond`, `git` for Git's own, or `?` for another token."""
        return daemon_of(self.token.encode(errors="replace"))

    @classmethod
    def from_wire(cls, reply: bytes, *, kinds: bool = False) -> "Answer":
        """Parse `TOKEN NUL (PATH NUL)*`; raise AnswerError if it is invalid or could do harm.

        `kinds`: before each path comes a field with letters for its kind and type.
        """
        token, *paths, _ = checked(reply).split(b"\0")
        if paths[:1] == [EVERYTHING]:
            return cls(_text(token), None, reason_in(reply))
        if not kinds:
            return cls(_text(token), paths)
        from fsmond.results import changes_from  # a plain query does not need it

        changes = changes_from(paths)
        return cls(_text(token), paths[1::2], changes=changes)

    def to_wire(self) -> bytes:
        """Return the answer as bytes; raise AnswerError if it could do harm."""
        paths = [EVERYTHING] if self.paths is None else self.paths
        token, reason = self.token, self.reason
        extra = [reason.encode(errors="replace")] if self.everything and reason else []
        return checked(b"\0".join([token.encode(errors="replace"), *paths, *extra, b""]))

    @classmethod
    def from_object(cls, answer: dict[str, object]) -> "Answer":
        """Parse the JSON answer to the request `query`; raise AnswerError if it is invalid."""
        try:
            match answer:
                case {"token": str(token), "everything": True, "reason": str() | None as reason}:
                    return cls(token, None, reason)
                case {"token": str(token), "everything": False, "paths": list(paths)}:
                    return cls(token, [bytes_of(each) for each in paths])
        except (AttributeError, UnicodeEncodeError):
            pass  # an invalid path
        raise AnswerError(f"unexpected answer: {str(answer)[:200]!a}")

    def to_object(self) -> dict[str, object]:
        """Return the answer as a JSON object; paths are decoded as `os.fsdecode` does."""
        found: dict[str, object] = {
            "token": self.token,
            "everything": self.everything,
            "reason": self.reason,
        }
        if self.changes is None:
            found["paths"] = [path_text(path) for path in self.paths or ()]
        else:
            found["changes"] = [
                {"path": path_text(each.path), "kind": each.kind, "type": each.type}
                for each in self.changes
            ]
        return found


def daemon_of(reply: bytes) -> str:
    """Return which daemon issued an answer or a token; see Answer.daemon."""
    return _TOKEN_PREFIXES.get(reply[: reply.find(b":", 0, _MAX_PREFIX) + 1], "?")


def daemon_name(daemon: str) -> str:
    """Return the name of a daemon for a message."""
    names = {FSMOND: FSMOND, GITS_OWN: "git's own daemon", OTHER_TREE: "the daemon of another tree"}
    return names.get(daemon, "an unknown daemon")


def is_token(text: str) -> bool:
    """Return whether text has the form of a token, of any tree and time."""
    parts = text.split(":")
    if not text.isascii() or len(text) > _MAX_TOKEN:
        return False
    return parts[0] == "builtin" or (
        parts[0] == FSMOND and len(parts) == 3 and parts[1].isalnum() and parts[2].isdigit()  # noqa: PLR2004 - the form that `Token` writes
    )


def bytes_of(path: str) -> bytes:
    """Return a path from a JSON object as bytes; raise UnicodeEncodeError if it is invalid."""
    return path.encode(errors=_NAME_ERRORS)


def path_text(path: bytes) -> str:
    """Return a path as text for a JSON object."""
    try:
        return path.decode(errors=_NAME_ERRORS)
    except UnicodeDecodeError:  # on Windows, for a name from another system that is invalid there
        return _text(path)


def _text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")


def _shown(data: bytes) -> str:
    return ascii(data[:_SHOWN].decode(errors="backslashreplace"))
