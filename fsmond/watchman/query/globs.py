"""Patterns of names, as Watchman's `match` and `glob` have them: those of wildmatch."""

import re
from collections.abc import Callable, Iterable, Mapping

from wcmatch import fnmatch, glob

from fsmond.watchman.errors import query_error

Matcher = Callable[[bytes], object]
_MAX_PATTERN = 4096  # characters


def matcher(patterns: Iterable[object], options: Mapping[str, object], *, whole: bool) -> Matcher:
    """Return a function that tells whether one of the patterns matches a name.

    Names with a leading dot have to be matched by a dot, unless the options have
    `includedotfiles`.  `noescape`: a backslash stands for itself.  `whole`: names are paths, where
    `*` matches no slash, and `**` does.
    """
    library = glob if whole else fnmatch
    flags = library.FORCEUNIX | (library.CASE if options["case_sensitive"] else library.IGNORECASE)
    if whole:
        flags |= glob.GLOBSTAR
    if options.get("includedotfiles") is True:
        flags |= library.DOTMATCH
    expressions: list[bytes] = []
    for each in patterns:
        if not isinstance(each, str) or len(each) > _MAX_PATTERN:
            raise query_error(f"a pattern must be a string, not {str(each)[:80]!a}")
        pattern = each.encode(errors="surrogateescape")
        if options.get("noescape") is True:
            pattern = pattern.replace(b"\\", b"\\\\")
        included, _ = library.translate(pattern, flags=flags)
        expressions += included
    if not expressions:
        return lambda _: None
    return compiled(b"|".join(expressions), 0).match


def compiled(expression: bytes, flags: int) -> "re.Pattern[bytes]":
    """Return a regular expression; raise CommandError if it is none."""
    try:
        return re.compile(expression, flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise query_error(f"invalid pattern {expression[:80]!r}: {error}") from error
