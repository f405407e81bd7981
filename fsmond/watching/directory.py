"""A watched directory, and its place among the others.

A directory knows its name and its parent, not its path: to rename one costs the same however much
is below it, and a tree of any depth takes no more memory than names.
"""

from collections.abc import Iterator
from typing import Optional

_LONGEST = 512  # bytes of a path that is remembered; longer ones would add up in a deep tree
_MOST = 4096  # paths that are remembered

Paths = dict["Directory", bytes]
"""Prefixes that were asked for lately; shared by the directories of one tree."""


class Directory:
    """One that is watched; how it is known is up to the kernel, where it is up to `attach`."""

    __slots__ = ("_paths", "children", "descriptor", "gaps", "name", "parent", "witness")

    def __init__(self, descriptor: int, paths: Paths) -> None:
        self.descriptor = descriptor
        self.name = b""
        """In its parent.  Of a detached one the path that it had, with a `/` behind."""
        self.parent: Directory | None = None
        self.children: dict[bytes, Directory] | None = None
        self.witness: bytes | None = None
        """Some name that is or was in it.

        Git lists a directory anew when a path below it is reported, not when the directory is.
        """
        self.gaps: dict[bytes, OSError] | None = None
        """Why events tell nothing of a directory in it, by name; of itself, by no name."""
        self._paths = paths

    @property
    def prefix(self) -> bytes:
        """Its path, with a `/` behind; nothing for the root.  Its last one, when it is detached."""
        found = self._paths.get(self)
        if found is not None:
            return found
        names = []
        directory = self
        while directory.parent is not None:
            names.append(directory.name)
            directory = directory.parent
        names.append(directory.name[:-1])
        path = b"/".join(filter(None, reversed(names)))
        prefix = path and path + b"/"
        if len(prefix) <= _LONGEST:
            if len(self._paths) >= _MOST:
                self._paths.clear()
            self._paths[self] = prefix
        return prefix

    def child(self, name: bytes) -> Optional["Directory"]:
        """Return the directory of that name in it, if it is known."""
        return self.children.get(name) if self.children else None

    def attach(self, parent: "Directory", name: bytes) -> None:
        """Put it, with all below it, into `parent`, where there is none of that name."""
        if self in self._paths or self.name:
            self._paths.clear()  # those below it are others from now on
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
        """Return the one above it that is in no other."""
        directory = self
        while directory.parent is not None:
            directory = directory.parent
        return directory

    def is_within(self, other: "Directory") -> bool:
        """Say whether it is the other, or somewhere below it."""
        directory: Directory | None = self
        while directory is not None and directory is not other:
            directory = directory.parent
        return directory is other

    def subtree(self) -> Iterator[tuple["Directory", bytes]]:
        """Yield it and all below it, each before its children, with the prefixes of now."""
        pending = [(self, self.prefix)]
        while pending:
            directory, prefix = pending.pop()
            yield directory, prefix
            if directory.children:
                pending += [
                    (child, b"%b%b/" % (prefix, name)) for name, child in directory.children.items()
                ]
