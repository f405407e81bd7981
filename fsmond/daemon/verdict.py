"""What a comparison of the whole tree found."""

import logging
import os
from typing import NamedTuple

from fsmond.index.difference import Difference

_NAMED = 20  # differences that are logged by name

_log = logging.getLogger(__name__)


class Verdict(NamedTuple):
    """Whether the events told the truth."""

    differences: list[Difference]
    """Of which events should have told, and did not."""
    directories: int
    seconds: float

    def to_object(self) -> dict[str, object]:
        """Return it as JSON knows it; a path that is no UTF-8 with surrogate escapes."""
        return {
            "differences": [
                {"path": os.fsdecode(each.path), "kind": each.kind.value}
                for each in self.differences
            ],
            "directories": self.directories,
            "seconds": round(self.seconds, 3),
        }

    def log(self) -> None:
        """Warn of what was found, if anything was."""
        if self.differences:
            some = self.differences[:_NAMED]
            named = ", ".join(f"{each.kind.value} {os.fsdecode(each.path)!r}" for each in some)
            _log.warning("no event told of %d changes: %s", len(self.differences), named)
