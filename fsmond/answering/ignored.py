"""Leave out what Git ignores, and report what it no longer ignores.

A path that is no longer ignored did not change itself, so it is recorded as changed when the new
rules are taken in: then all clients learn of it, whatever their token is.  The rules are read when
they are first asked for; of a change that was made before that, only the name of the file is known,
and everything below its directory may have been ignored before.
"""

import os
import threading
import time
from collections.abc import Sequence

from fsmond.filters.ignore_rules import IgnoreRules, TooLargeError
from fsmond.monitor.monitor import Monitor

_TIMEOUT = 0.5  # seconds to find what is no longer ignored; then all of it may be
_RULES = b".gitignore"


class Ignored:
    """What Git ignores in one tree; thread-safe."""

    def __init__(self, monitor: Monitor, rules: IgnoreRules) -> None:
        self._monitor = monitor
        self._lock = threading.Lock()  # guards everything below
        self._rules = rules
        changes = monitor.query(None)
        self._token = changes.token  # the rules are those of this time, or newer
        self._known_from = changes.token.sequence
        rules.refresh((), time.monotonic() + _TIMEOUT)
        with monitor.kept() as kept:
            before = kept.ignore_rules
        self._fingerprint = before
        self._had_other_sources = bool(before) and before != rules.fingerprint()
        self._keep_fingerprint()

    def refresh(self) -> None:
        """Take in rules that changed; record what is no longer ignored."""
        with self._lock:
            changes = self._monitor.query(self._token)
            changed = (b"",) if changes.paths is None else changes.paths
            try:
                found = self._rules.refresh(changed, time.monotonic() + _TIMEOUT)
            except TooLargeError:
                found = self._rules.tops()
            if changes.paths is None:
                self._known_from, self._had_other_sources = changes.token.sequence, True
            self._token = changes.token
            if found:
                self._monitor.record(found)
            self._keep_fingerprint()

    def without(
        self, paths: Sequence[bytes], changed: Sequence[bytes], sequence: int
    ) -> list[bytes] | None:
        """Return those of the paths that are not ignored; None if everything may be wanted.

        `changed` are all paths that changed since `sequence`.
        """
        unknown: list[bytes] = []
        with self._lock:
            if sequence < self._known_from:
                if self._had_other_sources:
                    return None
                names = [path for path in changed if os.path.basename(path) == _RULES]
                unknown = [path[: -len(_RULES)] for path in names]
                if b"" in unknown:
                    return None
            leaves_out = self._rules.leaves_out
            found = [path for path in paths if not leaves_out(path)]
        return list(dict.fromkeys([*found, *unknown])) if unknown else found

    def _keep_fingerprint(self) -> None:
        fingerprint = self._rules.fingerprint()
        if fingerprint != self._fingerprint:
            with self._monitor.kept() as kept:
                kept.ignore_rules = self._fingerprint = fingerprint
                kept.version += 1
