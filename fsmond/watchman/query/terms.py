"""Which files an expression selects.

After https://facebook.github.io/watchman/docs/file-query; each term has its page there.
"""

import operator
import re
import stat
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from fsmond.watchman.errors import query_error
from fsmond.watchman.query.globs import compiled, matcher
from fsmond.watchman.trees import clocks
from fsmond.watchman.trees.clocks import Since
from fsmond.watchman.trees.entry import Entry

MAX_DEPTH = 64  # of terms in each other
_NANOSECONDS = 1e9  # in a second


class Context(Protocol):
    """What a term may need besides the file."""

    def tick(self, since: Since) -> int | None:
        """Return the tick of a clock of the client; None if all has changed since."""


class Options(NamedTuple):
    """What holds for all terms of an expression."""

    root: bytes
    case_sensitive: bool


Predicate = Callable[[bytes, Entry, Context], bool]
"""Of a file's name, relative to the query's root, and what is remembered of the file."""
Builder = Callable[[Sequence[object], Options], Predicate]


class _Open:
    """A term with operands of which not all were read."""

    def __init__(self, name: str, operands: Sequence[object]) -> None:
        self.name = name
        self.pending = list(reversed(operands))
        self.read: list[Predicate] = []


def predicate_for(expression: object, options: Options) -> Predicate:
    """Return what tells whether a file is selected; raise CommandError for a bad expression."""
    opened = [_Open("allof", [expression])]
    while True:
        top = opened[-1]
        if not top.pending:
            opened.pop()
            made = _COMBINED[top.name](top.read)
            if not opened:
                return made
            opened[-1].read.append(made)
            continue
        name, arguments = _parts(top.pending.pop())
        if name in _COMBINED:
            if len(opened) > MAX_DEPTH:
                raise query_error(f"expressions are nested more than {MAX_DEPTH} deep")
            if name == "not" and len(arguments) != 1:
                raise query_error('must use ["not", expr]')
            opened.append(_Open(name, arguments))
        elif name in _BUILDERS:
            top.read.append(_BUILDERS[name](arguments, options))
        else:
            raise query_error(f"unknown expression term '{name[:80]}'")


def names() -> list[str]:
    """Return the names of all terms."""
    return [*_COMBINED, *_BUILDERS]


def _parts(term: object) -> tuple[str, Sequence[object]]:
    """Return a term's name and its arguments."""
    if isinstance(term, str):
        return term, ()
    if isinstance(term, list) and term and isinstance(term[0], str):
        return term[0], term[1:]
    raise query_error(f"Expected array for expression, or a term's name, not {str(term)[:80]!a}")


def _all_of(operands: Sequence[Predicate]) -> Predicate:
    if len(operands) == 1:
        return operands[0]
    if len(operands) == 2:  # noqa: PLR2004 - the usual number, in half the time
        first, second = operands
        return lambda *facts: first(*facts) and second(*facts)
    return lambda name, entry, context: all(each(name, entry, context) for each in operands)


def _any_of(operands: Sequence[Predicate]) -> Predicate:
    return lambda name, entry, context: any(each(name, entry, context) for each in operands)


def _not(operands: Sequence[Predicate]) -> Predicate:
    (operand,) = operands
    return lambda name, entry, context: not operand(name, entry, context)


def _constant(value: bool) -> Builder:
    return lambda _arguments, _options: lambda _name, _entry, _context: value


def _exists(_: Sequence[object], __: Options) -> Predicate:
    return lambda _name, entry, _context: entry.exists


def _empty(_: Sequence[object], __: Options) -> Predicate:
    def is_empty(_name: bytes, entry: Entry, _context: Context) -> bool:
        kind = stat.S_IFMT(entry.mode)
        return entry.exists and kind in (stat.S_IFREG, stat.S_IFDIR) and entry.size == 0

    return is_empty


def _type(arguments: Sequence[object], _: Options) -> Predicate:
    letter = arguments[0] if len(arguments) == 1 else None
    if letter is None:
        raise query_error('"type" term requires a type string parameter')
    if not isinstance(letter, str) or letter not in _TYPES:
        raise query_error(
            f"invalid type string '{str(letter)[:80]}': must be one of {' '.join(_TYPES)}"
        )
    wanted = _TYPES[letter]
    return lambda _name, entry, _context: entry.mode & _FORMAT == wanted


def _size(arguments: Sequence[object], _: Options) -> Predicate:
    compare, size = _comparison("size", arguments)
    return lambda _name, entry, _context: entry.exists and compare(entry.size, size)


def _since(arguments: Sequence[object], options: Options) -> Predicate:
    field = arguments[1] if len(arguments) > 1 else "oclock"
    if not arguments or field not in ("oclock", "cclock", "mtime", "ctime"):
        raise query_error('must use ["since", clock or time, oclock or cclock or mtime or ctime]')
    since = clocks.read(arguments[0], options.root)
    if field in ("mtime", "ctime"):
        if since.time is None:
            raise query_error(f'"since" with {field} needs a number of seconds since 1970')
        limit = since.time * _NANOSECONDS
        of_entry = operator.attrgetter(str(field))
        return lambda _name, entry, _context: of_entry(entry) > limit
    of_tick = operator.attrgetter("changed" if field == "oclock" else "created")

    def has_changed(_name: bytes, entry: Entry, context: Context) -> bool:
        tick = context.tick(since)
        return entry.exists if tick is None else bool(of_tick(entry) > tick)

    return has_changed


def _name(*, ignores_case: bool) -> Builder:
    def build(arguments: Sequence[object], options: Options) -> Predicate:
        folds = ignores_case or not options.case_sensitive
        wanted = frozenset(_folded(each, folds) for each in _strings("name", arguments))
        is_whole = _is_whole("name", arguments)
        return lambda name, _entry, _context: (
            _folded(name if is_whole else basename(name), folds) in wanted
        )

    return build


def _match(*, ignores_case: bool) -> Builder:
    def build(arguments: Sequence[object], options: Options) -> Predicate:
        flags = arguments[2] if len(arguments) > 2 else {}  # noqa: PLR2004 - the third argument
        if not isinstance(flags, Mapping):
            raise query_error('the third argument of "match" must be an object')
        is_whole = _is_whole("match", arguments)
        case = options.case_sensitive and not ignores_case
        fits = matcher(
            _strings("match", arguments), {**flags, "case_sensitive": case}, whole=is_whole
        )
        return lambda name, _entry, _context: bool(fits(name if is_whole else basename(name)))

    return build


def _pcre(*, ignores_case: bool) -> Builder:
    def build(arguments: Sequence[object], options: Options) -> Predicate:
        (pattern, *_) = _strings("pcre", arguments)
        is_whole = _is_whole("pcre", arguments)
        folds = ignores_case or not options.case_sensitive
        expression = compiled(_bytes(pattern), re.IGNORECASE if folds else 0)
        return lambda name, _entry, _context: bool(
            expression.search(name if is_whole else basename(name))
        )

    return build


def _suffix(arguments: Sequence[object], _: Options) -> Predicate:
    if not arguments:
        raise query_error("Expected array for 'suffix' term: [\"suffix\", ...]")
    wanted = suffixes(arguments[0] if len(arguments) == 1 else None)
    fits = has_suffix(wanted)
    return lambda name, _entry, _context: fits(name)


def _dirname(*, ignores_case: bool) -> Builder:
    def build(arguments: Sequence[object], options: Options) -> Predicate:
        (directory, *_) = _strings("dirname", arguments)
        depth = arguments[1] if len(arguments) > 1 else ["depth", "ge", 0]
        if not isinstance(depth, list) or depth[:1] != ["depth"]:
            raise query_error('must use ["dirname", directory, ["depth", "ge", 1]]')
        compare, wanted = _comparison("depth", depth[1:])
        folds = ignores_case or not options.case_sensitive
        beginning = _folded(directory, folds).rstrip(b"/") + b"/"
        if beginning == b"/":
            beginning = b""

        def is_below(name: bytes, _entry: Entry, _context: Context) -> bool:
            folded = _folded(name, folds)
            level = folded.count(b"/", len(beginning))
            return folded.startswith(beginning) and compare(level, wanted)

        return is_below

    return build


def basename(name: bytes) -> bytes:
    """Return the last component of a path."""
    return name[name.rfind(b"/") + 1 :]


def has_suffix(wanted: frozenset[bytes]) -> Callable[[bytes], bool]:
    """Return what tells whether a name ends in a dot and one of these, in whatever case."""
    endings = tuple(b"." + each for each in wanted)
    return lambda name: name.lower().endswith(endings)


def suffixes(value: object) -> frozenset[bytes]:
    """Return the suffixes that a client names, one or a list; raise CommandError."""
    listed = value if isinstance(value, list) else [value]
    strings = [each for each in listed if isinstance(each, str)]
    if len(strings) != len(listed):
        raise query_error("'suffix' must be a string or an array of strings")
    return frozenset(_bytes(each).lower() for each in strings)


def _strings(term: str, arguments: Sequence[object]) -> list[str]:
    """Return the first argument, a string or a list of them."""
    if not arguments:
        raise query_error(f"Expected array for '{term}' term: [\"{term}\", ...]")
    if len(arguments) > _MOST.get(term, 2):
        raise query_error(f"Invalid number of arguments for '{term}' term")
    first = arguments[0] if arguments else None
    listed = first if isinstance(first, list) else [first]
    strings = [each for each in listed if isinstance(each, str)]
    if len(strings) != len(listed) or (not strings and not isinstance(first, list)):
        raise query_error(f"Argument 2 to '{term}' must be either a string or an array of string")
    if term in ("pcre", "dirname") and len(strings) != 1:
        raise query_error(f"Argument 2 to '{term}' must be a string")
    return strings


def _is_whole(term: str, arguments: Sequence[object]) -> bool:
    """Return whether names are compared as a whole, by the second argument."""
    scope = arguments[1] if len(arguments) > 1 else "basename"
    if scope not in ("basename", "wholename"):
        raise query_error(f"Invalid scope '{scope}' for {term} expression")
    return scope == "wholename"


def _comparison(
    term: str, arguments: Sequence[object]
) -> tuple[Callable[[object, object], bool], int]:
    """Return a comparison, and the number to compare with."""
    match arguments:
        case [str(name), int(number)] if name in _OPERATORS and not isinstance(number, bool):
            return _OPERATORS[name], number
    raise query_error(f'must use ["{term}", one of {" ".join(_OPERATORS)}, a number]')


def _folded(name: str | bytes, folds: bool) -> bytes:
    """Return a name to be compared; without case if that does not count."""
    data = _bytes(name) if isinstance(name, str) else name
    if not folds:
        return data
    if data.isascii():
        return data.lower()
    return data.decode(errors="surrogateescape").casefold().encode(errors="surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


_MOST = {"match": 3, "imatch": 3}  # arguments
_COMBINED: dict[str, Callable[[Sequence[Predicate]], Predicate]] = {
    "allof": _all_of,
    "anyof": _any_of,
    "not": _not,
}
_BUILDERS: dict[str, Builder] = {
    "true": _constant(True),
    "false": _constant(False),
    "exists": _exists,
    "empty": _empty,
    "type": _type,
    "size": _size,
    "since": _since,
    "suffix": _suffix,
    "name": _name(ignores_case=False),
    "iname": _name(ignores_case=True),
    "match": _match(ignores_case=False),
    "imatch": _match(ignores_case=True),
    "pcre": _pcre(ignores_case=False),
    "ipcre": _pcre(ignores_case=True),
    "dirname": _dirname(ignores_case=False),
    "idirname": _dirname(ignores_case=True),
}
_OPERATORS: dict[str, Callable[[object, object], bool]] = {
    name: getattr(operator, name) for name in ("eq", "ne", "gt", "ge", "lt", "le")
}
_FORMAT = 0o170000  # the bits of a mode that `stat.S_IFMT` returns
_TYPES = {
    "f": stat.S_IFREG,
    "d": stat.S_IFDIR,
    "l": stat.S_IFLNK,
    "b": stat.S_IFBLK,
    "c": stat.S_IFCHR,
    "p": stat.S_IFIFO,
    "s": stat.S_IFSOCK,
    "D": stat.S_IFDOOR or -1,
}
