"""Contracts for finding a client's mount namespace: a tree may look different in each."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from ipc.server import Peer

    class ClientProcess(Protocol):
        """The client's process, as the kernel reports it; the server's reply function is one."""

        @property
        def peer(self) -> Peer | None:
            """The user and the process."""

        def process(self) -> int | None:
            """Return a new descriptor of the process; None if the system has none."""

    class Views(Protocol):
        """Finds the view of each client, to be compared with this process's own."""

        namespace: int | None

        def namespace_of(self, client: ClientProcess, /) -> int | None:
            """Return the client's mount namespace; None if it is not known."""
