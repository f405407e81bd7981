"""A watched directory, and its place in the tree.

A directory has a name and a parent, but no path: a rename costs the same however much is below it,
and a tree of any depth takes no more memory than its names.
"""

from collections.abc import Iterator
from typing import Optional

_MAX_CACHED_LENGTH = 512  # bytes of a cached path; longer ones would add up in a deep tree
_MAX_CACHED = 4096  # cached paths

Paths = dict["Directory", bytes]
"""A cache of prefixes, shared by the directories of one tree."""


class Directory:
    """A watched directory: the kernel gives its descriptor, `attach` its place."""

    __slots__ = ("_paths", "children", "descriptor", "gaps", "name", "parent", "sample_name")

    def __init__(self, descriptor: int, paths: Paths) -> None:
        self.descriptor = descriptor
        self.name = b""
        """Its name in its parent.  If detached, its former path, which ends in `/`."""
        self.parent: Directory | None = None
        self.children: dict[bytes, Directory] | None = None
        self.sample_name: bytes | None = None
        """A name that is or was in it.

        Git lists a directory again when a path below it is reported, not when the directory is.
        """
        self.gaps: dict[bytes, OSError] | None = None
        """Why events do not cover a subdirectory, by its name; the empty name is itself."""
        self._paths = paths

    @property
    def prefix(self) -> bytes:
        """Its path, which ends in `/`; empty for the root.  If detached, its former one."""
        if self.parent is None:
            return self.name
        found = self._paths.get(self)
        if found is not None:
            return found
        above = self._paths.get(self.parent)
        prefix = self._made_prefix() if above is None else b"%b%b/" % (above, self.name)
        if len(prefix) <= _MAX_CACHED_LENGTH:
            if len(self._paths) >= _MAX_CACHED:
                self._paths.clear()
            self._paths[self] = prefix
        return prefix

    def _made_prefix(self) -> bytes:
        names = []
        directory = self
        while directory.parent is not None:
            names.append(directory.name)
            directory = directory.parent
        names.append(directory.name[:-1])
        path = b"/".join(filter(None, reversed(names)))
        return path and path + b"/"

    def child(self, name: bytes) -> Optional["Directory"]:
        """Return the known subdirectory of that name, if there is one."""
        return self.children.get(name) if self.children else None

    def attach(self, parent: "Directory", name: bytes) -> None:
        """Put it, with all below it, into `parent`, which must have no child of that name."""
        if self in self._paths or self.name:
            self._paths.clear()  # the prefixes of all below it change
        self.parent = parent
        self.name = name
        if parent.children is None:
            parent.children = {}
        parent.children[name] = self

    def detach(self) -> None:
        """Take it, with all below it, out of its parent."""
        assert self.parent is not None
        assert self.parent.children is not None
        prefix = self.prefix
        del self.parent.children[self.name]
        self.parent = None
        self.name = prefix

    def top(self) -> "Directory":
        """Return its topmost ancestor, or itself: the one without a parent."""
        directory = self
        while directory.parent is not None:
            directory = directory.parent
        return directory

    def is_within(self, other: "Directory") -> bool:
        """Return whether it is `other`, or somewhere below it."""
        directory: Directory | None = self
        while directory is not None and directory is not other:
            directory = directory.parent
        return directory is other

    def subtree(self) -> Iterator[tuple["Directory", bytes]]:
        """Yield it and all below it, each before its children, with their current prefixes."""
        pending = [(self, self.prefix)]
        while pending:
            directory, prefix = pending.pop()
            yield directory, prefix
            if directory.children:
                pending += [
                    (child, b"%b%b/" % (prefix, name)) for name, child in directory.children.items()
                ]
