"""The result of comparing the whole tree with the index."""

import logging
import os
from typing import NamedTuple

from fsmond.index.difference import Difference

_NAMED = 20  # differences that are logged by name

_log = logging.getLogger(__name__)


class VerificationResult(NamedTuple):
    """Whether events reported everything that changed."""

    differences: list[Difference]
    """Those that events should have reported, and did not."""
    directories: int
    seconds: float

    def to_object(self) -> dict[str, object]:
        """Return it for JSON; a path that is not UTF-8 gets surrogate escapes."""
        return {
            "differences": [
                {"path": os.fsdecode(each.path), "kind": each.kind.value}
                for each in self.differences
            ],
            "directories": self.directories,
            "seconds": round(self.seconds, 3),
        }

    def log(self) -> None:
        """Log a warning if there are differences."""
        if self.differences:
            some = self.differences[:_NAMED]
            named = ", ".join(f"{each.kind.value} {os.fsdecode(each.path)!r}" for each in some)
            _log.warning("no event reported %d changes: %s", len(self.differences), named)
