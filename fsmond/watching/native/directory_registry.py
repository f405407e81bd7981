"""The known directories of a tree: a native event does not say what kind of file disappeared."""

from collections.abc import Iterator


class KnownDirectory:
    """A directory, as it was when it was last checked."""

    __slots__ = ("children", "inode", "sample_path")

    def __init__(self, inode: int) -> None:
        self.inode = inode
        self.children: set[bytes] = set()
        """The prefixes of its subdirectories."""
        self.sample_path: bytes | None = None
        """A path that is or was in it: Git lists it again only if such a path is reported."""


class DirectoryRegistry:
    """Directories by prefix: the path, ending in `/`, empty for the root; not thread-safe."""

    def __init__(self, root: int) -> None:
        self._directories = {b"": KnownDirectory(root)}

    def __len__(self) -> int:
        return len(self._directories)

    def __contains__(self, prefix: bytes) -> bool:
        return prefix in self._directories

    def prefixes(self) -> list[bytes]:
        """Return all known directories; any thread."""
        return list(self._directories)

    def get(self, prefix: bytes) -> KnownDirectory | None:
        """Return what is known of a directory."""
        return self._directories.get(prefix)

    def add(self, prefix: bytes, inode: int) -> None:
        """Add an unknown directory whose parent is known."""
        self._directories[prefix] = KnownDirectory(inode)
        self._directories[directory_of(prefix)].children.add(prefix)

    def remove(self, prefix: bytes) -> Iterator[tuple[bytes, bytes | None]]:
        """Remove a directory and all below it; yield the prefixes, each with its sample path."""
        self._directories[directory_of(prefix)].children.discard(prefix)
        pending = [prefix]
        while pending:
            prefix = pending.pop()
            directory = self._directories.pop(prefix)
            pending += directory.children
            yield prefix, directory.sample_path

    def note(self, path: bytes) -> None:
        """Note a path, as the sample path of the directory that holds it."""
        directory = self._directories.get(directory_of(path))
        if directory is not None:
            directory.sample_path = path


def directory_of(path: bytes) -> bytes:
    """Return the prefix of the directory that holds a path or a prefix."""
    return path[: path.rfind(b"/", 0, -1) + 1]
