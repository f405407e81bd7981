"""Tests for fsmond.watching.fsevents_flags."""

import pytest

from fsmond.watching import fsevents_flags as flags
from fsmond.watching.happening import Happening, Kind


@pytest.mark.parametrize(
    ("mask", "told"),
    [
        (flags.IS_FILE | flags.MODIFIED, (Kind.CHANGED, False)),
        (flags.IS_FILE | flags.META, (Kind.CHANGED, False)),
        (flags.IS_FILE | flags.CREATED | flags.MODIFIED, (Kind.CAME, False)),
        (flags.IS_FILE | flags.REMOVED, (Kind.CAME, False)),
        (flags.IS_LINK | flags.RENAMED, (Kind.CAME, False)),
        (flags.IS_DIRECTORY | flags.CREATED | flags.REMOVED, (Kind.CAME, True)),
        (flags.IS_DIRECTORY | flags.META, (Kind.CAME, True)),
        (flags.IS_DIRECTORY | flags.RENAMED | flags.CREATED, (Kind.MOVED, True)),
        (flags.MOUNT, (Kind.MOVED, True)),
        (flags.CREATED, (Kind.MOVED, None)),
    ],
)
def test_a_flag_says_where_to_look(mask: int, told: tuple[Kind, bool | None]) -> None:
    """Never what is there: that it came may have been long ago."""
    assert flags.happening(b"path", mask) == Happening(b"path", *told)


@pytest.mark.parametrize(
    "flag", [flags.MUST_SCAN, flags.USER_DROPPED, flags.KERNEL_DROPPED, flags.IDS_WRAPPED]
)
def test_dropped_events_are_a_loss(flag: int) -> None:
    """Whoever dropped them."""
    assert flags.is_lost(flag | flags.IS_DIRECTORY)
    assert not flags.is_lost(flags.IS_FILE | flags.MODIFIED | flags.ROOT_CHANGED)
