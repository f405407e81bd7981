"""A watched directory, and its place among the others."""

from collections.abc import Iterator
from typing import Optional


class Directory:
    """One that is watched; how it is known is up to the kernel, where it is up to `attach`."""

    __slots__ = ("children", "descriptor", "parent", "prefix", "witness")

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.prefix = b""
        """Its path, with a `/` behind; nothing for the root.  Its last one, when it is detached."""
        self.parent: Directory | None = None
        self.children: dict[bytes, Directory] | None = None
        self.witness: bytes | None = None
        """Some name that is or was in it.

        Git lists a directory anew when a path below it is reported, not when the directory is.
        """

    @property
    def name(self) -> bytes:
        """Its name in its parent; the last one, when it is detached."""
        return self.prefix[:-1].rpartition(b"/")[2]

    def child(self, name: bytes) -> Optional["Directory"]:
        """Return the directory of that name in it, if it is known."""
        return self.children.get(name) if self.children else None

    def attach(self, parent: "Directory", name: bytes) -> None:
        """Put it, with all below it, into `parent`, where there is none of that name."""
        self.parent = parent
        if parent.children is None:
            parent.children = {}
        parent.children[name] = self
        old, new = len(self.prefix), parent.prefix + name + b"/"
        for each in self.subtree():
            each.prefix = new + each.prefix[old:]

    def detach(self) -> None:
        """Take it, with all below it, out of its parent."""
        assert self.parent is not None
        assert self.parent.children is not None
        del self.parent.children[self.name]
        self.parent = None

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

    def subtree(self) -> Iterator["Directory"]:
        """Yield it and all below it, each before its children."""
        pending = [self]
        while pending:
            directory = pending.pop()
            yield directory
            if directory.children:
                pending.extend(directory.children.values())
