"""A source of native events that has a real tree, and tells what it is told to tell."""

from collections.abc import Callable
from pathlib import Path

from fsmond.watching.happening import Batch, Happening, Kind
from fsmond.watching.listing import contents, directory_at


class FakeSource:
    """Hands on a batch when a test calls `tell`; what a cookie causes, too, if `is_prompt`."""

    def __init__(self, root: bytes) -> None:
        self.root = root
        self.calls: list[str] = []
        self._hand_on: Callable[[Callable[[], Batch]], None] | None = None

    def locate(self, path: bytes) -> bytes:
        return self.root + b"/" + path

    def directory_at(self, path: bytes) -> int | None:
        return directory_at(self.locate(path))

    def contents(self, path: bytes) -> tuple[list[bytes], list[bytes]]:
        return contents(self.locate(path))

    def begin(self, hand_on: Callable[[Callable[[], Batch]], None]) -> None:
        self.calls.append("begin")
        self._hand_on = hand_on

    def end(self) -> None:
        self.calls.append("end")

    def tell(self, *told: tuple[str, Kind], lost: str | None = None) -> None:
        """Hand on one batch."""
        assert self._hand_on is not None
        happenings = [Happening(path.encode(), kind) for path, kind in told]
        self._hand_on(lambda: Batch(happenings, lost))


def cookies_in(root: Path) -> list[str]:
    """Return all cookies that there are."""
    return [path.name for path in root.rglob(".fsmond-cookie-*")]
