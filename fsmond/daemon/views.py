"""In which mount namespace a process is: a tree may look different in each."""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from ipc.server import Peer

    class Asker(Protocol):
        """Who asks, by the kernel's word: the function by which a server's application replies."""

        @property
        def peer(self) -> Peer | None:
            """The user and the process."""

        def process(self) -> int | None:
            """Return a new descriptor of the process, if there is such a thing."""

    class Views(Protocol):
        """Compares the askers' views with this process's own one."""

        namespace: int | None

        def namespace_of(self, asker: Asker, /) -> int | None:
            """Return the mount namespace of who asks; None if that is not known."""


def views_for_platform() -> "Views | None":
    """Return what tells views apart; None where all processes see the same."""
    if sys.platform == "linux":
        from fsmond.daemon.views_linux import MountNamespaces

        return MountNamespaces()
    return None
