"""The directories that are known from native events: such an event does not say what went."""

from collections.abc import Iterator


class Folder:
    """A directory, as it was when it was looked at last."""

    __slots__ = ("children", "inode", "witness")

    def __init__(self, inode: int) -> None:
        self.inode = inode
        self.children: set[bytes] = set()
        """The prefixes of the directories in it."""
        self.witness: bytes | None = None
        """The path of something that is or was in it, as Git needs one to list it anew."""


class Known:
    """Directories by prefix: the path with a `/` behind, nothing for the root; not thread-safe."""

    def __init__(self, root: int) -> None:
        self._folders = {b"": Folder(root)}

    def __len__(self) -> int:
        return len(self._folders)

    def __contains__(self, prefix: bytes) -> bool:
        return prefix in self._folders

    def prefixes(self) -> list[bytes]:
        """Return all that are known; may be called on any thread."""
        return list(self._folders)

    def get(self, prefix: bytes) -> Folder | None:
        """Return what is known of a directory."""
        return self._folders.get(prefix)

    def add(self, prefix: bytes, inode: int) -> None:
        """Take notice of a directory whose parent is known, and which was not known itself."""
        self._folders[prefix] = Folder(inode)
        self._folders[parent_of(prefix)].children.add(prefix)

    def remove(self, prefix: bytes) -> Iterator[tuple[bytes, bytes | None]]:
        """Forget a directory and all below it; yield the prefixes, each with its witness."""
        self._folders[parent_of(prefix)].children.discard(prefix)
        pending = [prefix]
        while pending:
            prefix = pending.pop()
            folder = self._folders.pop(prefix)
            pending += folder.children
            yield prefix, folder.witness

    def note(self, path: bytes) -> None:
        """Take notice of something in a directory, for its witness."""
        folder = self._folders.get(parent_of(path))
        if folder is not None:
            folder.witness = path


def parent_of(path: bytes) -> bytes:
    """Return the prefix of the directory that holds a path, or a prefix."""
    return path[: path.rfind(b"/", 0, -1) + 1]
