"""Tell the manager of services that a daemon is ready: sd_notify(3), without its library."""

import contextlib
import os

_VARIABLE = "NOTIFY_SOCKET"


def notify_ready() -> None:
    """Send READY=1, if the manager waits for it; an error is the manager's to handle."""
    address = os.environ.pop(_VARIABLE, "")  # it is not meant for programs that are run here
    if not address:
        return
    import socket  # rarely needed

    if not hasattr(socket, "AF_UNIX"):
        return
    if address.startswith("@"):
        address = f"\0{address[1:]}"  # a socket without a file
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
        sending.settimeout(1.0)
        sending.connect(address)
        sending.send(b"READY=1")
