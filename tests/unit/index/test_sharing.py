"""Which parts of a tree another process can compare."""

from collections.abc import Iterator, Mapping

import pytest

from fsmond.index import sharing
from fsmond.index.sharing import job_of, split
from fsmond.index.tree import Index

WIDE = {b"%d/" % number: b"." * 50 for number in range(3000)}
DEEP = {b"d/" * depth: b"." * 50 for depth in range(1, 3000)}
UNEVEN = {b"small/": b".", b"big/": b".", **{b"big/%d/" % each: b"." * 99 for each in range(2500)}}
TREES = {"wide": WIDE, "deep": DEEP, "uneven": UNEVEN, "flat": {}}


def above(prefix: bytes) -> Iterator[bytes]:
    """Yield the prefixes of the directories above one, and its own."""
    while prefix:
        yield prefix
        prefix = prefix[: prefix.rfind(b"/", 0, -1) + 1]


@pytest.mark.parametrize("records", TREES.values(), ids=TREES)
def test_no_directory_is_in_two_parts(records: Mapping[bytes, bytes]) -> None:
    """Or it would be reported twice."""
    parts = split({b"": b".", **records})

    assert len(parts) == len(set(parts))
    assert all(sum(each in parts for each in above(prefix)) <= 1 for prefix in records)


def test_parts_are_of_similar_size() -> None:
    """One directory with nearly everything below it is taken apart."""
    parts = split({b"": b".", **UNEVEN})

    assert b"big/" not in parts
    assert len(parts) > sharing._PARTS // 2


def test_few_directories_are_worth_no_other_process(tmp_path: object) -> None:
    """It would take longer to start."""
    index = Index(str(tmp_path).encode())
    index.restore({b"": b"", b"dir/": b""})

    assert job_of(index) is None
