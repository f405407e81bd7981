"""When paths came into being, and when they vanished: what tells a created path from a changed one.

A path may also vanish with a directory above it, or come with one.  So what is known of a path
counts only if nothing newer is known of a directory above.
"""

from collections.abc import Iterable, Iterator, Mapping


class Lifetimes:
    """What is known of some paths; the path of a directory ends in `/`; not thread-safe."""

    def __init__(self) -> None:
        # Path → the sequence at which it came into being; negative: at which it vanished.
        self._since: dict[bytes, int] = {}

    def begin(self, path: bytes, sequence: int) -> None:
        """Record that a path came into being."""
        self._since[path] = sequence

    def end(self, path: bytes, sequence: int) -> None:
        """Record that a path vanished."""
        self._since[path] = -sequence

    def forget(self, path: bytes) -> None:
        """Drop what is known of a path."""
        self._since.pop(path, None)

    def is_gone(self, path: bytes) -> bool:
        """Return whether the last thing known of this very path is that it vanished."""
        return self._since.get(path, 0) < 0

    def is_known(self, path: bytes) -> bool:
        """Return whether anything is known of a path, or of a directory above."""
        return path in self._since or any(True for _ in self._above(path))

    def exists(self, path: bytes, recorded: int | None) -> bool:
        """Return whether a path exists, as far as is known.

        `recorded`: the sequence as of which another record has the path; None if none has it.
        """
        since = self._since.get(path)
        if since is None:
            since = recorded
        if since is None or since < 0:
            return False
        return all(-since < each <= since for each in self._above(path))

    def began_after(self, path: bytes, sequence: int) -> bool:
        """Return whether a path that is there now came into being after a sequence."""
        since = self._since.get(path, 0)
        return (
            since < 0
            or since > sequence
            or any(each < 0 or each > sequence for each in self._above(path))
        )

    def get(self, paths: Iterable[bytes]) -> list[int]:
        """Return what is known of each path, to be stored; 0 if nothing is."""
        known = self._since
        return [known.get(path, 0) for path in paths]

    def restore(self, stored: Mapping[bytes, int]) -> None:
        """Add what was stored, where nothing newer is known."""
        self._since = {**stored, **self._since}

    def _above(self, path: bytes) -> Iterator[int]:
        """Yield what is known of the directories above a path."""
        end = path.rfind(b"/", 0, -1)
        while end > 0:
            since = self._since.get(path[: end + 1])
            if since is not None:
                yield since
            end = path.rfind(b"/", 0, end)
