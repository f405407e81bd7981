"""`fsmond query`.  Programs run it often: it loads no argument parser, and few modules."""

from fsmond.cli.output import print_error, write
from fsmond.client import Client
from fsmond.errors import AnswerError, Error, NotRunningError
from fsmond.git.quoting import is_usual, quote, quotes_high_bytes
from fsmond.protocol import (
    FSMOND,
    Answer,
    daemon_name,
    daemon_of,
    is_token,
    reason_in,
    without_reason,
)

NOT_RUNNING = 3  # exit status
_SHOWN = 60  # characters of an invalid token that a message repeats
_FORMS = {"-z": "wire", "--json": "json"}


def run(arguments: list[str]) -> int | None:
    """Print an answer and return the exit status; None if `argparse` is needed."""
    options = _Options()
    if not options.read(arguments):
        return None
    return answer(options.path, options.since, form=options.form, start=options.start)


def answer(path: str, since: str | None, *, form: str, start: bool) -> int:
    """Print what changed since a token, in the form `lines`, `wire` or `json`."""
    if since is not None and not is_token(since):
        return refuse(since)
    try:
        client = Client(path, start=start)
        reply = client.changes(since)
        if form == "json":
            import json

            text = json.dumps(Answer.from_wire(reply).to_object()).encode() + b"\n"
        else:
            brief = without_reason(reply)
            text = brief if form == "wire" else as_lines(brief, client.place.root)
        write(text)
        for note in _notes(reply, client.place.root, since=since):
            print_error(note)
    except (Error, TimeoutError) as error:
        print_error(error)
        return NOT_RUNNING if isinstance(error, NotRunningError) else 1
    return 0


def refuse(since: str) -> int:
    """Print that this is no token, and what one looks like; return the exit status."""
    print_error(
        f"{since[:_SHOWN]!a} is not a token of fsmond: a token looks like "
        "fsmond:0123456789abcdef:7, and is the first line of each answer"
    )
    return 1


def _notes(reply: bytes, root: bytes, *, since: str | None) -> list[str]:
    """Return messages for a person who gets this answer."""
    notes = []
    if (daemon := daemon_of(reply)) != FSMOND:
        notes.append(f"{daemon_name(daemon)} answered; to replace it: fsmond start --replace")
    reason = reason_in(reply)
    if reason in ("other-root", "other-view"):
        where = root.decode(errors="backslashreplace")
        why = (
            f"watches another tree, not {where} (see: fsmond status); to watch this tree: "
            "fsmond start --replace"
            if reason == "other-root"
            else f"sees {where} in another mount namespace, or issued this token for another one"
        )
        notes.append(f"everything may have changed: the daemon {why}")
    elif reason is not None and since is not None:
        notes.append(f"everything may have changed: {reason}")
    return notes


def as_lines(reply: bytes, root: bytes) -> bytes:
    """Return the token and each path on a line of its own, quoted as Git quotes paths."""
    token, found, paths = reply.partition(b"\0")
    if not found:
        raise AnswerError(f"no token in an answer of {len(reply)} bytes")
    if not is_usual(paths):
        high = not paths.isascii() and quotes_high_bytes(root)
        quoted = [quote(path, high=high) for path in paths.split(b"\0")]
        paths = b"\0".join(quoted)
    return token + b"\n" + paths.replace(b"\0", b"\n")


class _Options:
    """The options, parsed for the usual command lines only."""

    def __init__(self) -> None:
        self.path = "."
        self.since: str | None = None
        self.form = ""
        self.start = True

    def read(self, arguments: list[str]) -> bool:
        """Parse the arguments; return False if `argparse` is needed."""
        rest, has_path = iter(arguments), False
        for each in rest:
            if each == "--since":
                self.since = next(rest, "-")
            elif each.startswith("--since="):
                self.since = each[len("--since=") :]
            elif each == "--no-start":
                self.start = False
            elif each in _FORMS and not self.form:
                self.form = _FORMS[each]
            elif each[:1] != "-" and not has_path:
                self.path, has_path = each or ".", True
            else:
                return False
        self.form = self.form or "lines"
        return self.since is None or self.since[:1] != "-"
