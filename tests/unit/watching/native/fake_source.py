"""A source of native events with a real tree, whose events a test makes up."""

from collections.abc import Callable
from pathlib import Path

from fsmond.watching.native.listing import contents, directory_at
from fsmond.watching.native.source import Batch, Kind, NativeEvent


class FakeSource:
    """Delivers a batch when a test calls `emit`."""

    def __init__(self, root: bytes) -> None:
        self.root = root
        self.calls: list[str] = []
        self._deliver: Callable[[Callable[[], Batch]], None] | None = None

    def locate(self, path: bytes) -> bytes:
        return self.root + b"/" + path

    def directory_at(self, path: bytes) -> int | None:
        return directory_at(self.locate(path))

    def contents(self, path: bytes) -> tuple[list[bytes], list[bytes]]:
        return contents(self.locate(path))

    def begin(self, deliver: Callable[[Callable[[], Batch]], None]) -> None:
        self.calls.append("begin")
        self._deliver = deliver

    def end(self) -> None:
        self.calls.append("end")

    def emit(self, *changes: tuple[str, Kind], lost: str | None = None) -> None:
        """Deliver one batch."""
        assert self._deliver is not None
        events = [NativeEvent(path.encode(), kind) for path, kind in changes]
        self._deliver(lambda: Batch(events, lost))


def cookies_in(root: Path) -> list[str]:
    """Return the names of all cookie files in a tree."""
    return [path.name for path in root.rglob(".fsmond-cookie-*")]
