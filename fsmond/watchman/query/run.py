"""Carry out a query."""

from collections.abc import Callable, Iterable
from itertools import chain
from typing import NamedTuple

from fsmond.watchman.query import fields
from fsmond.watchman.query.fields import Found
from fsmond.watchman.query.hashes import Hashes
from fsmond.watchman.query.specification import Query
from fsmond.watchman.trees.clocks import Since
from fsmond.watchman.trees.entry import Entry
from fsmond.watchman.trees.tree import Look, Tree
from fsmond.watchman.trees.view import View
from fsmond.watchman.wire.values import Value


class Result(NamedTuple):
    """The answer to a query."""

    clock: str
    is_fresh: bool
    size: int
    files: Value


def run(tree: Tree, query: Query, hashes: Hashes) -> Result:
    """Return the answer; raise CommandError."""
    if query.settle is not None:
        tree.await_quiet(*query.settle)
    look = tree.look(
        query.since,
        query.sync_timeout,
        lambda view: _generate(view, query),
        empty_if_fresh=query.empty_on_fresh_instance and query.since is not None,
    )
    found = [] if query.omit_changed_files else _select(tree, query, look)
    at = len(query.relative_root)
    names = [each.path[at:] if at else each.path for each in found]
    rendered = fields.render(
        Found(found, names, look.new_after, look.clock, tree.root + b"/", hashes), query.fields
    )
    return Result(look.clock, look.is_fresh, len(found), rendered)


def _generate(view: View, query: Query) -> Iterable[Entry] | None:
    """Return what is looked at besides what changed; None if nothing is named."""
    generators: list[Iterable[Entry]] = []
    if query.suffixes is not None:
        generators.append(view.of_suffix(query.suffixes))
    if query.glob is not None:
        matches, root = query.glob, query.relative_root
        generators.append(
            _filtered(view, lambda path: path.startswith(root) and bool(matches(path[len(root) :])))
        )
    for each in query.paths or ():
        path = (query.relative_root + each.directory).rstrip(b"/")
        entry = view.get(path)
        is_file = entry is not None and entry.exists and not entry.is_directory
        generators.append([entry] if entry and is_file else view.below(path, each.depth))
    return chain(*generators) if generators or query.paths is not None else None


def _filtered(view: View, is_wanted: Callable[[bytes], bool]) -> Iterable[Entry]:
    return (entry for entry in view.existing() if is_wanted(entry.path))


def _select(tree: Tree, query: Query, look: Look) -> list[Entry]:
    """Return what the expression selects, below the query's root."""
    root, entries = query.relative_root, look.entries
    if root:
        entries = [each for each in entries if each.path.startswith(root)]
    if query.expression is None:
        return entries
    selects, context = query.expression, _Context(tree)
    if not root:
        return [each for each in entries if selects(each.path, each, context)]
    return [each for each in entries if selects(each.path[len(root) :], each, context)]


class _Context:
    """What a term may need besides the file."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._ticks: dict[Since, int | None] = {}

    def tick(self, since: Since) -> int | None:
        """Return the tick of a clock of the client; None if all has changed since."""
        if since not in self._ticks:
            self._ticks[since] = self._tree.tick_of(since)
        return self._ticks[since]
