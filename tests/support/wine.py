"""Whether this is Wine, and in what it differs from Windows."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Seen with Wine 8.0, on Linux.
BELOW_RENAMED = "Wine reports changes below a renamed directory under its old name"
RENAME_CASE = "Wine ignores a rename that changes only the case"
REMOVED_LATE = "Wine removes a directory, and reports that, only when its last handle is closed"
NO_LINKS = "Wine creates no symbolic links"


def is_wine() -> bool:
    """Return whether this is Wine."""
    if sys.platform != "win32":
        return False
    from fsmond.watching.native import event_support_windows

    return event_support_windows.is_wine()


def fails_on_wine(seen: str) -> pytest.MarkDecorator:
    """Skip a test on Wine because of a fault of Wine; `seen`: which fault, in which version."""
    return pytest.mark.skipif(is_wine(), reason=f"Wine: {seen}")


def scan_reports_less(what: str) -> pytest.MarkDecorator:
    """Skip a test on Wine, where the tree is scanned; `what`: why a scan is less exact."""
    return pytest.mark.skipif(is_wine(), reason=f"the tree is scanned here: {what}")


NAMES_OF_THE_ROOT = "a name that appears in the root, or vanishes, means everything"
needs_events = scan_reports_less(NAMES_OF_THE_ROOT)


@contextlib.contextmanager
def reporting_all_directories(root: Path) -> Iterator[None]:
    """Make Wine report changes in all directories that are created in an empty one meanwhile.

    Unlike Windows, it reports nothing of directories that are older than the first watch.
    """
    if sys.platform == "win32" and is_wine():
        from fsmond.watching.native.reading_windows import Reader

        reader = Reader(str(root))
        try:
            yield
        finally:
            reader.close()
    else:
        yield
