"""Read what a query asks; all errors are CommandError, with a message for the client."""

from collections.abc import Mapping
from typing import NamedTuple

from fsmond.watchman.errors import query_error
from fsmond.watchman.query import fields
from fsmond.watchman.query.globs import Matcher, matcher
from fsmond.watchman.query.terms import Options, Predicate, predicate_for, suffixes
from fsmond.watchman.trees import clocks
from fsmond.watchman.trees.clocks import Since
from fsmond.watchman.trees.tree import SYNC_TIMEOUT
from fsmond.watchman.trees.view import is_git

_MAX_TIME = 1e12  # milliseconds


class Path(NamedTuple):
    """A part of the tree that is looked at."""

    directory: bytes
    depth: int | None
    """So many directories further down; None: all."""


class Query(NamedTuple):
    """What a client asks."""

    since: Since | None
    expression: Predicate | None
    fields: tuple[str, ...]
    relative_root: bytes
    """With a final slash, or empty."""
    suffixes: frozenset[bytes] | None
    paths: tuple[Path, ...] | None
    glob: Matcher | None
    empty_on_fresh_instance: bool
    omit_changed_files: bool
    sync_timeout: float | None
    """Seconds; None: do not wait for the changes so far."""
    settle: tuple[float, float] | None
    """Seconds without a change before the answer, and after how many to give up."""


def read(spec: object, root: bytes, *, case_sensitive: bool) -> Query:
    """Return what a query object asks of a tree; `case_sensitive`: unless the object says so."""
    if not isinstance(spec, Mapping):
        raise query_error("the query must be an object")
    if spec.get("fail_if_no_saved_state") is True:
        raise query_error("fail_if_no_saved_state: this server has no saved states")
    since = spec.get("since")
    options = Options(root, _flag(spec, "case_sensitive", default=case_sensitive))
    expression = spec.get("expression")
    return Query(
        None if since is None else clocks.read(since, root),
        None if expression is None else predicate_for(expression, options),
        fields.check(spec.get("fields", list(fields.QUERY_DEFAULTS))),
        _relative_root(spec),
        suffixes(spec["suffix"]) if "suffix" in spec else None,
        _paths(spec["path"]) if "path" in spec else None,
        _glob(spec, options) if "glob" in spec else None,
        _flag(spec, "empty_on_fresh_instance"),
        _flag(spec, "omit_changed_files"),
        _seconds(spec, "sync_timeout", SYNC_TIMEOUT * 1000) or None,
        _settle(spec),
    )


def _flag(spec: Mapping[str, object], name: str, *, default: bool = False) -> bool:
    value = spec.get(name, default)
    if not isinstance(value, bool):
        raise query_error(f"{name} must be true or false, not {str(value)[:80]!a}")
    return value


def _seconds(spec: Mapping[str, object], name: str, default: float) -> float:
    value = spec.get(name, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < _MAX_TIME:
        raise query_error(f"{name} must be an integer value >= 0, in milliseconds")
    return value / 1000


def _settle(spec: Mapping[str, object]) -> tuple[float, float] | None:
    if "settle_period" not in spec and "settle_timeout" not in spec:
        return None
    if "settle_period" not in spec or "settle_timeout" not in spec:
        raise query_error("settle_period and settle_timeout belong together")
    return _seconds(spec, "settle_period", 0), _seconds(spec, "settle_timeout", 0)


def _relative_root(spec: Mapping[str, object]) -> bytes:
    value = spec.get("relative_root") or ""
    if not isinstance(value, str):
        raise query_error("relative_root must be a string")
    path = _relative(value)
    return path and path + b"/"


def _paths(value: object) -> tuple[Path, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(map(_path, listed))


def _path(value: object) -> Path:
    match value:
        case str():
            return Path(_relative(value), None)
        case {"path": str(path), "depth": int(depth)}:
            return Path(_relative(path), None if depth < 0 else depth)
        case {"path": str(path)}:
            return Path(_relative(path), None)
    raise query_error("'path' must be a string or an object with 'path' and 'depth', or a list")


def _relative(text: str) -> bytes:
    """Return the path of a directory in the tree; what is not covered is no empty answer."""
    path = text.encode(errors="surrogateescape").strip(b"/")
    parts = [each for each in path.split(b"/") if each not in (b"", b".")]
    if b".." in parts:
        raise query_error(f"{text[:80]!a} leads out of the tree")
    path = b"/".join(parts)
    if any(map(is_git, parts)):
        raise query_error(f"{text[:80]!a}: what is in a git directory is not watched")
    return path


def _glob(spec: Mapping[str, object], options: Options) -> Matcher:
    patterns = spec["glob"]
    if not isinstance(patterns, list):
        raise query_error("'glob' must be an array")
    for each in patterns:
        if isinstance(each, str) and each.startswith("/"):
            raise query_error(
                f"glob `{each[:80]}` is an absolute path.  All globs must be relative paths"
            )
    return matcher(
        patterns,
        {
            "includedotfiles": spec.get("glob_includedotfiles"),
            "noescape": spec.get("glob_noescape"),
            "case_sensitive": options.case_sensitive,
        },
        whole=True,
    )
