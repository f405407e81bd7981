"""Which files have which suffix, so that a query for one need not look at all."""

from collections.abc import Iterable, Iterator


class Suffixes:
    """Paths by what follows their last dot, in lower case; not thread-safe."""

    def __init__(self, paths: Iterable[bytes]) -> None:
        self._paths: dict[bytes, dict[bytes, None]] = {}
        for path in paths:
            self.add(path)

    def add(self, path: bytes) -> None:
        """Note that a path is there."""
        self._paths.setdefault(_key(path), {})[path] = None

    def discard(self, path: bytes) -> None:
        """Note that a path is gone."""
        key = _key(path)
        paths = self._paths.get(key, {})
        paths.pop(path, None)
        if not paths:
            self._paths.pop(key, None)

    def of(self, wanted: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the paths that may have these suffixes; of one with dots, the end is compared."""
        for key in dict.fromkeys(map(_key, wanted)):
            yield from self._paths.get(key, ())


def _key(path: bytes) -> bytes:
    return path[path.rfind(b".") + 1 :].lower()
