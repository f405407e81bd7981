"""Tests for fsmond.watching.native.fsevents_flags."""

import pytest

from fsmond.watching.native import fsevents_flags as flags
from fsmond.watching.native.source import Kind, NativeEvent


@pytest.mark.parametrize(
    ("mask", "event"),
    [
        (flags.IS_FILE | flags.MODIFIED, (Kind.CHANGED, False)),
        (flags.IS_FILE | flags.META, (Kind.CHANGED, False)),
        (flags.IS_FILE | flags.CREATED | flags.MODIFIED, (Kind.APPEARED, False)),
        (flags.IS_FILE | flags.REMOVED, (Kind.APPEARED, False)),
        (flags.IS_LINK | flags.RENAMED, (Kind.APPEARED, False)),
        (flags.IS_DIRECTORY | flags.CREATED | flags.REMOVED, (Kind.APPEARED, True)),
        (flags.IS_DIRECTORY | flags.META, (Kind.APPEARED, True)),
        (flags.IS_DIRECTORY | flags.RENAMED | flags.CREATED, (Kind.MOVED, True)),
        (flags.MOUNT, (Kind.MOVED, True)),
        (flags.CREATED, (Kind.MOVED, None)),
    ],
)
def test_a_flag_says_what_to_check(mask: int, event: tuple[Kind, bool | None]) -> None:
    """Never what is there: it may have appeared long ago."""
    assert flags.to_event(b"path", mask) == NativeEvent(b"path", *event)


@pytest.mark.parametrize(
    "flag", [flags.MUST_SCAN, flags.USER_DROPPED, flags.KERNEL_DROPPED, flags.IDS_WRAPPED]
)
def test_dropped_events_are_a_loss(flag: int) -> None:
    """Whether the kernel or the system dropped them."""
    assert flags.is_lost(flag | flags.IS_DIRECTORY)
    assert not flags.is_lost(flags.IS_FILE | flags.MODIFIED | flags.ROOT_CHANGED)
