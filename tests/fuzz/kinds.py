"""Hold the kinds of changes that an answer reports against walks of the tree."""

import stat
from collections.abc import Iterable

from support.trees import truth

from fsmond.monitor.kinds import Change, ChangeKind

_TYPES = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink"}


class KindCheck:
    """Checks answers; counts what may be wrong."""

    def __init__(self) -> None:
        self.same = self.doubtful = 0

    def check(self, changes: Iterable[Change], before: truth.Tree, now: truth.Tree) -> None:
        """Raise AssertionError if a kind or a type is wrong."""
        for path, kind, what in changes:
            there = path in now
            assert (kind is ChangeKind.DELETED) is not there, (
                f"not reported: that {path!r} is {'' if there else 'not '}there"
            )
            if there and path not in before:
                assert kind is ChangeKind.CREATED, f"not reported: that {path!r} is new"
            expected = _TYPES.get(stat.S_IFMT(now[path][0]), "other") if there else None
            assert what == expected, f"not reported: that {path!r} is {expected}: {what}"
            if there and path in before and before[path][1] == now[path][1]:
                # It may have been moved away and back, or given another name and back.
                self.same += 1
                self.doubtful += kind is ChangeKind.CREATED
