"""`fsmond query`.  Programs run it often: no argument parser, no import that is not needed."""

import sys

from fsmond.cli.output import complain, write
from fsmond.client import Client
from fsmond.errors import AnswerError, Error, NotRunningError
from fsmond.git.quoting import is_usual, quote, quotes_high_bytes
from fsmond.protocol import (
    EVERYTHING_TOLD,
    FSMOND,
    NO_TOKEN,
    daemon_of,
    named,
    request_for,
)

NOT_RUNNING = 3  # exit status
_FORMS = {"-z": "wire", "--json": "json"}


def run(arguments: list[str]) -> int:
    """Ask, print, and return the exit status."""
    options = _Options()
    if not options.read(arguments):
        from fsmond.cli.main import run as explain  # knows all about usage and help

        return explain(["query", *arguments])
    return answer(options.path, options.since, form=options.form, start=options.start)


def answer(path: str, since: str | None, *, form: str, start: bool) -> int:
    """Print what changed since a token, in a form: `lines`, `wire` or `json`."""
    try:
        client = Client(path, start=start)
        if form == "json":
            import json

            told = client.query(since)
            whose, text = told.daemon, json.dumps(told.to_object()).encode() + b"\n"
        else:
            reply = client.ask(request_for(since or ""))
            if since and reply.endswith(EVERYTHING_TOLD):
                reply = client.ask(NO_TOKEN)  # the token in the other one is for Git
            whose = daemon_of(reply)
            text = reply if form == "wire" else as_lines(reply, client.place.root)
        write(text)
        if whose != FSMOND:
            print(f"fsmond: {named(whose)} answered; see: fsmond start --replace", file=sys.stderr)
    except (Error, TimeoutError) as error:
        complain(error)
        return NOT_RUNNING if isinstance(error, NotRunningError) else 1
    return 0


def as_lines(reply: bytes, root: bytes) -> bytes:
    """Return the token on a line, and then a path a line, quoted as Git quotes."""
    token, found, paths = reply.partition(b"\0")
    if not found:
        raise AnswerError(f"no token in the answer {reply[:60]!r}")
    if not is_usual(paths):
        high = not paths.isascii() and quotes_high_bytes(root)
        quoted = [quote(path, high=high) for path in paths.split(b"\0")]
        paths = b"\0".join(quoted)
    return token + b"\n" + paths.replace(b"\0", b"\n")


class _Options:
    """What was typed, if it is as usual."""

    def __init__(self) -> None:
        self.path = "."
        self.since: str | None = None
        self.form = ""
        self.start = True

    def read(self, arguments: list[str]) -> bool:
        """Take what was typed; say whether it was understood."""
        rest, named = iter(arguments), False
        for each in rest:
            if each == "--since":
                self.since = next(rest, "-")
            elif each.startswith("--since="):
                self.since = each[len("--since=") :]
            elif each == "--no-start":
                self.start = False
            elif each in _FORMS and not self.form:
                self.form = _FORMS[each]
            elif each[:1] != "-" and not named:
                self.path, named = each or ".", True
            else:
                return False
        self.form = self.form or "lines"
        return self.since is None or self.since[:1] != "-"
