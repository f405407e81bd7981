import pytest
from bench_losses import lost

BEFORE = {b"d/": (1, 1), b"d/f": (1,), b"f": (1,), b"old/": (1, 2), b"old/f": (1,)}
AFTER = {b"d/": (1, 1), b"d/f": (2,), b"f": (1,), b"new/": (1, 3), b"new/f": (1,)}
FILES = {b"d/f", b"new/f", b"old/f"}


@pytest.mark.parametrize(
    ("told", "missing"),
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
def test_what_one_would_not_look_at_is_lost(told: set[bytes], missing: set[bytes]) -> None:
    """A directory counts for what is below it if it came, went, or is told with a slash."""
    assert lost(BEFORE, AFTER, told) == missing


def test_where_nothing_changed_nothing_is_lost() -> None:
    """Saying nothing is right then."""
    assert lost(AFTER, AFTER, ()) == set()
