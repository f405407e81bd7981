"""Whether Windows is played by Wine, and what that does otherwise."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Seen with Wine 8.0, on Linux.
BELOW_RENAMED = "Wine tells what happens below a renamed directory by the name it had before"
RENAME_CASE = "Wine renames nothing where only the case differs"
REMOVED_LATE = "Wine removes a directory when its last handle is closed, and tells nobody before"
NO_LINKS = "Wine makes no symbolic links"


def is_wine() -> bool:
    """Say whether this is Wine."""
    if sys.platform != "win32":
        return False
    from fsmond.watching import doubts_windows

    return doubts_windows.is_wine()


def wine_fails(seen: str) -> pytest.MarkDecorator:
    """Skip a test where Wine does something wrong; `seen` is what, and in which version."""
    return pytest.mark.skipif(is_wine(), reason=f"Wine: {seen}")


def comparing_tells_less(what: str) -> pytest.MarkDecorator:
    """Skip a test where the tree is compared, as it is under Wine; `what` that does not tell."""
    return pytest.mark.skipif(is_wine(), reason=f"where the tree is compared, as here: {what}")


NAMES_OF_THE_ROOT = "a name that comes to the root, or goes, means everything"


@contextlib.contextmanager
def telling_of_all(root: Path) -> Iterator[None]:
    """Have Wine tell of all directories that are made in an empty one.

    It does not tell of those which were there before somebody watched; Windows does.
    """
    if sys.platform == "win32" and is_wine():
        from fsmond.watching.reading_windows import Reader

        reader = Reader(str(root))
        try:
            yield
        finally:
            reader.close()
    else:
        yield
