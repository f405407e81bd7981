"""Where clients connect to: a Unix socket, or a pipe."""

import sys

if sys.platform == "win32":
    from fsmond.watchman.serving.listen_windows import (
        Channel,
        Listener,
        as_file,
        connect,
        is_listening,
    )
else:
    from fsmond.watchman.serving.listen_unix import (
        Channel,
        Listener,
        as_file,
        connect,
        is_listening,
    )

__all__ = ("Channel", "Listener", "as_file", "connect", "is_listening")
