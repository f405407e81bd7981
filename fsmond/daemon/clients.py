"""Which clients may get exact answers: those that mean this tree, and see it in the same view.

A token belongs to a tree and a view.  A client that means another tree, or is in another mount
namespace, is answered with everything.  Its token is marked, so that no daemon takes it for exact.
"""

import os
import sys
from collections.abc import Mapping
from typing import NamedTuple, cast

from fsmond.journal.token import OTHER_ROOT, OTHER_VIEW
from fsmond.protocol import bytes_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fsmond.daemon.views import ClientProcess, Views

_MOUNTS = "/proc/self/mountinfo"


class Mismatch(NamedTuple):
    """Why a client gets no exact answer: it means another tree, or is in another view."""

    reason: str
    mark: str
    """Follows the session in the tokens of such clients."""


class ClientCheck:
    """Decides which clients may get exact answers, for one tree; any thread."""

    def __init__(self, root: bytes, tree_id: str = "", views: "Views | None" = None) -> None:
        self._root = root
        self.tree_id = tree_id
        """See `Place.tree_id`."""
        self._views = views  # None if all processes have the same view

    @property
    def namespace(self) -> int | None:
        """The mount namespace whose clients get exact answers; None if unknown, or if all do."""
        return None if self._views is None else self._views.namespace

    def view_mismatch(self, reply: object) -> Mismatch | None:
        """Return that the client of this reply function is in another view; None if in the same."""
        views = self._views
        if views is None:
            return None
        namespace = views.namespace_of(cast("ClientProcess", reply))
        if namespace is not None and namespace == views.namespace:
            return None
        return Mismatch("other-view", f"{OTHER_VIEW}{namespace or 0}")

    def tree_mismatch(self, request: Mapping[str, object]) -> Mismatch | None:
        """Return that a request means another tree; None if not.  ValueError if it is invalid."""
        root, tree_id = request.get("root"), request.get("tree_id")
        for name, value in (("root", root), ("tree_id", tree_id)):
            if value is not None and not isinstance(value, str):
                raise ValueError(f"'{name}' must be text or left out, not {ascii(value)[:80]}")
        if root is None and tree_id is None:
            return None
        if self._is_meant(root, tree_id):
            return None
        return Mismatch("other-root", OTHER_ROOT)

    def names_root(self, request: Mapping[str, object]) -> bool:
        """Return whether a request names the root by its own path, which no mount can change."""
        return request.get("root") == os.fsdecode(self._root)

    def _is_meant(self, root: object, tree_id: object) -> bool:
        try:
            is_same_path = not isinstance(root, str) or bytes_of(root) == self._root
        except UnicodeEncodeError:
            return False
        if tree_id is None or not self.tree_id:
            return is_same_path or self._is_other_spelling(root)
        # Another path of this directory means the same tree, unless something is mounted below.
        return tree_id == self.tree_id and (is_same_path or self._has_no_mounts(str(root)))

    def _is_other_spelling(self, root: object) -> bool:
        own = os.path.normcase(os.fsdecode(self._root))
        return isinstance(root, str) and os.path.normcase(root) == own

    def _has_no_mounts(self, root: str) -> bool:
        if sys.platform != "linux":
            return True  # no directory has two paths there
        try:
            with open(_MOUNTS, "rb") as file:
                mounts = file.read()
        except OSError:
            return False
        return not any(_may_have_mounts(mounts, path) for path in (self._root, bytes_of(root)))


def _may_have_mounts(mounts: bytes, directory: bytes) -> bool:
    """Return whether something may be mounted below a directory, by the kernel's list."""
    for special in b"\\\n\t ":
        directory = directory.replace(bytes([special]), b"\\%03o" % special)
    return b" " + directory.rstrip(b"/") + b"/" in mounts


def views_for_platform() -> "Views | None":
    """Return what finds a client's view; None if all processes have the same."""
    if sys.platform == "linux":
        from fsmond.daemon.views_linux import MountNamespaces

        return MountNamespaces()
    return None
