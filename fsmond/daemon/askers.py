"""Who asks: which tree is meant, and in which view it is seen.

A token belongs to a tree and a view.  Who means another tree, or sees it in another mount
namespace, is answered with everything, under a token that says so: it is good nowhere.
"""

import os
import sys
from collections.abc import Mapping
from typing import NamedTuple, cast

from fsmond.journal.token import OTHER_ROOT, OTHER_VIEW
from fsmond.protocol import bytes_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fsmond.daemon.views import Asker, Views

_MOUNTS = "/proc/self/mountinfo"


class Elsewhere(NamedTuple):
    """Who asks is about another tree, or in another view."""

    reason: str
    mark: str
    """What is behind the session in the tokens that are given there."""


class Askers:
    """Tells those that may have exact answers from the others; for one tree, on any thread."""

    def __init__(self, root: bytes, tree_id: str = "", views: "Views | None" = None) -> None:
        self._root = root
        self.tree_id = tree_id
        """As a client says it; see `Place.tree_id`."""
        self._views = views  # None if all see the same

    @property
    def namespace(self) -> int | None:
        """The mount namespace in which answers are exact; None if that is not known, or all are."""
        return None if self._views is None else self._views.namespace

    def view_of(self, reply: object) -> Elsewhere | None:
        """Say whether who is answered by `reply` is in another view, as far as is known."""
        views = self._views
        if views is None:
            return None
        namespace = views.namespace_of(cast("Asker", reply))
        if namespace is not None and namespace == views.namespace:
            return None
        return Elsewhere("other-view", f"{OTHER_VIEW}{namespace or 0}")

    def tree_of(self, request: Mapping[str, object]) -> Elsewhere | None:
        """Say whether a request means another tree; raise ValueError if it makes no sense."""
        root, tree_id = request.get("root"), request.get("tree_id")
        for name, value in (("root", root), ("tree_id", tree_id)):
            if value is not None and not isinstance(value, str):
                raise ValueError(f"'{name}' is text or left out, not {ascii(value)[:80]}")
        if root is None and tree_id is None:
            return None
        if self._is_meant(root, tree_id):
            return None
        return Elsewhere("other-root", OTHER_ROOT)

    def is_plain(self, request: Mapping[str, object]) -> bool:
        """Say whether a request that means this tree will mean it whatever is mounted."""
        return request.get("root") == os.fsdecode(self._root)

    def _is_meant(self, root: object, tree_id: object) -> bool:
        try:
            is_same_path = not isinstance(root, str) or bytes_of(root) == self._root
        except UnicodeEncodeError:
            return False
        if tree_id is None or not self.tree_id:
            return is_same_path or self._is_spelled(root)
        # The same directory by another path is the same tree, unless something is mounted in one.
        return tree_id == self.tree_id and (is_same_path or self._is_alone(str(root)))

    def _is_spelled(self, root: object) -> bool:
        own = os.path.normcase(os.fsdecode(self._root))
        return isinstance(root, str) and os.path.normcase(root) == own

    def _is_alone(self, root: str) -> bool:
        if sys.platform != "linux":
            return True  # no directory is at two places there
        try:
            with open(_MOUNTS, "rb") as file:
                mounts = file.read()
        except OSError:
            return False
        return not any(_has_below(mounts, path) for path in (self._root, bytes_of(root)))


def _has_below(mounts: bytes, directory: bytes) -> bool:
    """Say whether something may be mounted below a directory, by the kernel's list."""
    for special in b"\\\n\t ":
        directory = directory.replace(bytes([special]), b"\\%03o" % special)
    return b" " + directory.rstrip(b"/") + b"/" in mounts
