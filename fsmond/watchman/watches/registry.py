"""The directories that are watched, and what is stored of them between two runs."""

import contextlib
import hashlib
import json
import logging
import os
import threading
from collections.abc import Mapping

from fsmond.watchman.errors import CommandError, RootError
from fsmond.watchman.files import replace
from fsmond.watchman.query.hashes import Hashes
from fsmond.watchman.trees import config
from fsmond.watchman.trees.tree import Tree
from fsmond.watchman.watches.following import Followers
from fsmond.watchman.watches.triggers import Trigger
from fsmond.watchman.watches.watch import Watch

_MAX_WATCHES = 1000

_log = logging.getLogger(__name__)


class Registry:
    """Thread-safe."""

    def __init__(self, state_file: str | None) -> None:
        """`state_file`: where to store which directories are watched; None: nowhere."""
        self.hashes = Hashes()
        self._followers = Followers()
        self._file = state_file
        # Guards the file, so that what is written last is the newest; taken before the other lock.
        self._storing = threading.Lock()
        self._lock = threading.Lock()  # guards what follows
        self._watches: dict[str, Watch] = {}
        self._triggers: dict[Watch, dict[str, Trigger]] = {}
        self._unrestored = self._stored()  # what is stored of directories, until `restore`

    def roots(self) -> list[str]:
        """Return the directories that are watched; one that is gone is watched no longer."""
        for path, watch in list(self._watches.items()):
            if not os.path.isdir(path):
                self._cancel(watch)
        return list(self._watches)

    def watch(self, path: object) -> Watch:
        """Watch a directory, unless it is watched already; raise CommandError."""
        directory = config.directory_of(path)
        found = self._existing(directory)
        if found is not None:
            return found
        if len(self._watches) >= _MAX_WATCHES:
            raise CommandError(f"{_MAX_WATCHES} directories are watched: end some by watch-del")
        config.policy().refuse(directory)
        made = Watch(Tree(directory, self._store_of(directory)), self._followers.update)
        made.tree.clock()  # starts the daemon, and looks at the tree
        with self._lock:
            found = self._watches.setdefault(directory, made)
        self._store()
        return found

    def watch_project(self, path: object) -> tuple[Watch, str]:
        """Watch the project that holds a directory; return where the directory is in it."""
        directory = config.directory_of(path)
        files = config.policy().root_files
        root = self._enclosing(directory) or config.project_of(directory, files) or directory
        relative = os.path.relpath(directory, root)
        return self.watch(root), "" if relative == os.curdir else relative.replace(os.sep, "/")

    def get(self, path: object) -> Watch:
        """Return what is known of a directory that is watched; raise CommandError."""
        if not isinstance(path, str):
            raise CommandError(f"expected the path of a directory, not {str(path)[:80]!a}")
        if not os.path.isabs(path):
            raise RootError(path, f"path {path!a} must be absolute")
        found = self._existing(path) or self._existing(os.path.realpath(path))
        if found is None:
            raise RootError(path, f"directory {path} is not watched")
        return found

    def delete(self, path: object) -> str:
        """Watch a directory no longer; return its path."""
        watch = self.get(path)
        self._cancel(watch)
        with self._lock:
            self._unrestored.pop(watch.tree.path, None)
        self._store()
        return watch.tree.path

    def delete_all(self) -> list[str]:
        """Watch nothing any longer; return what was."""
        watches = list(self._watches.values())
        for each in watches:
            self._cancel(each)
        with self._lock:
            self._unrestored.clear()
        self._store()
        return [each.tree.path for each in watches]

    def triggers(self, watch: Watch) -> list[Trigger]:
        """Return the triggers of a directory."""
        return list(self._triggers.get(watch, {}).values())

    def set_trigger(self, watch: Watch, spec: Mapping[str, object]) -> tuple[str, str]:
        """Register a trigger; return its name, and whether it was created or replaced."""
        trigger = Trigger(spec, watch, self.hashes)
        with self._lock:
            triggers = self._triggers.setdefault(watch, {})
            known = triggers.get(trigger.name)
            if known is not None and known.spec == trigger.spec:
                return trigger.name, "already_defined"
            triggers[trigger.name] = trigger
        if known is not None:
            known.cancel()
        trigger.start()
        self._store()
        return trigger.name, "created" if known is None else "replaced"

    def delete_trigger(self, watch: Watch, name: str) -> bool:
        """Remove a trigger; return whether there was one."""
        with self._lock:
            known = self._triggers.get(watch, {}).pop(name, None)
        if known is not None:
            known.cancel()
            self._store()
        return known is not None

    def restore(self) -> None:
        """Watch what was watched when this was stored; slow, as daemons may have to start."""
        for path, triggers in list(self._unrestored.items()):
            try:
                watch = self.watch(path)
                for spec in triggers:
                    self.set_trigger(watch, spec)
            except (CommandError, TypeError, AttributeError) as error:
                _log.warning("%s is watched no longer: %s", path, error)
            with self._lock:
                self._unrestored.pop(path, None)
        self._store()

    def close(self) -> None:
        """Follow nothing any longer, and store what is remembered of what is watched."""
        for each in [trigger for known in self._triggers.values() for trigger in known.values()]:
            each.cancel()
        self._followers.close()
        for watch in list(self._watches.values()):
            watch.tree.save()
        self._remove_unused()

    def _store_of(self, directory: str) -> str | None:
        """Return the file for what is remembered of a directory."""
        if self._file is None:
            return None
        name = hashlib.sha256(os.fsencode(directory), usedforsecurity=False).hexdigest()[:32]
        return os.path.join(f"{self._file}.trees", name)

    def _remove_unused(self) -> None:
        """Remove what is stored of directories that are watched no longer."""
        if self._file is None:
            return
        used = {self._store_of(path) for path in (*self._watches, *self._unrestored)}
        folder = f"{self._file}.trees"
        with contextlib.suppress(OSError):  # there is none
            for name in os.listdir(folder):
                if os.path.join(folder, name) not in used:
                    os.unlink(os.path.join(folder, name))

    def _existing(self, directory: str) -> Watch | None:
        """Return the watch of a directory; one that ended meanwhile is forgotten."""
        found = self._watches.get(directory)
        if found is not None and found.is_cancelled:
            self._cancel(found)
            return None
        return found

    def _enclosing(self, directory: str) -> str | None:
        """Return the directory that is watched, and holds this one."""
        while directory not in self._watches:
            above = os.path.dirname(directory)
            if above == directory:
                return None
            directory = above
        return directory

    def _cancel(self, watch: Watch) -> None:
        with self._lock:
            if self._watches.get(watch.tree.path) is watch:
                del self._watches[watch.tree.path]
            triggers = self._triggers.pop(watch, {})
        for each in triggers.values():
            each.cancel()
        watch.cancel()
        self._followers.update(watch)

    def _stored(self) -> dict[str, list[Mapping[str, object]]]:
        """Return the triggers of each directory that is stored."""
        if self._file is None:
            return {}
        try:
            with open(self._file, "rb") as file:
                found = json.loads(file.read())["watched"]
            known = [each for each in found if isinstance(each, dict) and "path" in each]
            return {str(each["path"]): list(each.get("triggers", [])) for each in known}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            _log.warning("%s is not used: %s", self._file, error)
            return {}

    def _store(self) -> None:
        if self._file is None:
            return
        with self._storing:
            try:
                replace(self._file, [json.dumps({"watched": self._definitions()}).encode()])
            except OSError as error:
                _log.warning("cannot store which directories are watched: %s", error)

    def _definitions(self) -> list[dict[str, object]]:
        """Return what is to be stored."""
        with self._lock:
            triggers = {
                path: [each.spec for each in self._triggers.get(watch, {}).values()]
                for path, watch in self._watches.items()
            } | self._unrestored
        return [{"path": path, "triggers": each} for path, each in triggers.items()]
