import pytest
from bench.missed_changes import missed

BEFORE = {b"d/": (1, 1), b"d/f": (1,), b"f": (1,), b"old/": (1, 2), b"old/f": (1,)}
AFTER = {b"d/": (1, 1), b"d/f": (2,), b"f": (1,), b"new/": (1, 3), b"new/f": (1,)}
FILES = {b"d/f", b"new/f", b"old/f"}


@pytest.mark.parametrize(
    ("reported", "missing"),
    [
        ({b"/"}, set()),
        ({b"d/f", b"new", b"old"}, set()),
        ({b"d/", b"new/", b"old/"}, set()),
        ({b"d/f", b"new/f", b"new/", b"old"}, set()),
        ({b"d", b"new", b"old"}, {b"d/f"}),
        ({b"d/f"}, {b"new/", b"new/f", b"old/", b"old/f"}),
        (set(), FILES | {b"new/", b"old/"}),
    ],
)
def test_a_path_that_a_client_would_not_check_is_missed(
    reported: set[bytes], missing: set[bytes]
) -> None:
    """A directory covers what is below it if it was created, removed, or reported with a slash."""
    assert missed(BEFORE, AFTER, reported) == missing


def test_where_nothing_changed_nothing_is_missed() -> None:
    """An empty answer is right then."""
    assert missed(AFTER, AFTER, ()) == set()
