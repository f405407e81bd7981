"""Watchman's commands: each has its page at https://facebook.github.io/watchman/docs/commands."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, cast

from fsmond import __version__
from fsmond.watchman.errors import CommandError
from fsmond.watchman.query import fields, specification
from fsmond.watchman.query.run import run
from fsmond.watchman.serving import capabilities
from fsmond.watchman.serving.connection import Connection
from fsmond.watchman.serving.legacy import patterns_to_expression, trigger_of
from fsmond.watchman.trees.tree import SYNC_TIMEOUT
from fsmond.watchman.watches.registry import Registry
from fsmond.watchman.watches.subscriptions import Subscription
from fsmond.watchman.watches.watch import Watch
from fsmond.watchman.wire.values import Value

_LEVELS = {"debug": logging.DEBUG, "error": logging.ERROR, "off": logging.CRITICAL + 1}
_MAX_TIME = 1e12  # milliseconds

Response = dict[str, Value]
_log = logging.getLogger("fsmond.watchman")


class Request(NamedTuple):
    """What a command has to work with."""

    connection: Connection
    name: str
    arguments: Sequence[object]
    """Without the command's name."""


class Commands:
    """Answers requests; thread-safe."""

    def __init__(self, registry: Registry, sockname: str, stop: Callable[[], None]) -> None:
        self._registry = registry
        self._sockname = sockname
        self._stop = stop
        self._commands: dict[str, Callable[[Request], Response]] = {
            "clock": self._clock,
            "debug-get-asserted-states": self._debug_get_asserted_states,
            "debug-get-subscriptions": self._debug_get_subscriptions,
            "debug-recrawl": self._debug_recrawl,
            "debug-root-status": self._debug_root_status,
            "debug-set-subscriptions-paused": self._debug_set_subscriptions_paused,
            "find": self._find,
            "flush-subscriptions": self._flush_subscriptions,
            "get-config": self._get_config,
            "get-pid": lambda _: {"pid": os.getpid()},
            "get-sockname": self._get_sockname,
            "list-capabilities": lambda _: {"capabilities": self._capabilities()},
            "log": self._write_log,
            "log-level": self._log_level,
            "query": self._query,
            "shutdown-server": self._shutdown,
            "since": self._since,
            "state-enter": self._state_enter,
            "state-leave": self._state_leave,
            "subscribe": self._subscribe,
            "trigger": self._trigger,
            "trigger-del": self._trigger_del,
            "trigger-list": self._trigger_list,
            "unsubscribe": self._unsubscribe,
            "version": self._version,
            "watch": self._watch,
            "watch-del": self._watch_del,
            "watch-del-all": lambda _: {"roots": list(self._registry.delete_all())},
            "watch-list": lambda _: {"roots": list(self._registry.roots())},
            "watch-project": self._watch_project,
        }

    def answer(self, connection: Connection, request: Value) -> Response:
        """Carry out one request; any error is the response."""
        if not isinstance(request, list) or not request:
            return {"error": "invalid command (expected an array with some elements!)"}
        name = request[0]
        command = self._commands.get(name) if isinstance(name, str) else None
        if command is None:
            return {
                "error": "watchman::CommandValidationError: failed to validate command: "
                f"unknown command {str(name)[:80]}"
            }
        try:
            return command(Request(connection, str(name), request[1:]))
        except CommandError as error:
            return {"error": str(error)}
        except Exception as error:  # noqa: BLE001 - it is logged, and the client learns of it
            _log.exception("a command failed")
            return {"error": f"{type(error).__name__}: {error}; see `fsmond watchman status`"}

    def _capabilities(self) -> list[str]:
        return capabilities.all_of(self._commands)

    def _version(self, request: Request) -> Response:
        response: Response = {"fsmond": __version__}
        asked = request.arguments[0] if request.arguments else None
        if not isinstance(asked, Mapping):
            return response
        known = set(self._capabilities())
        required, optional = _texts(asked.get("required")), _texts(asked.get("optional"))
        missing = [name for name in required if name not in known]
        if missing:
            response["error"] = (
                f"client required capabilities [{', '.join(missing)}] not supported by this server"
            )
        response["capabilities"] = {name: name in known for name in (*required, *optional)}
        return response

    def _get_sockname(self, _: Request) -> Response:
        return {"sockname": self._sockname, "unix_domain": self._sockname}

    def _shutdown(self, request: Request) -> Response:
        request.connection.after_response = self._stop  # which ends all connections
        return {"shutdown-server": True}

    def _watch(self, request: Request) -> Response:
        watch = self._registry.watch(_argument(request, 0, "a directory"))
        return {"watch": watch.tree.root, "watcher": capabilities.WATCHER}

    def _watch_project(self, request: Request) -> Response:
        watch, relative = self._registry.watch_project(_argument(request, 0, "a directory"))
        response: Response = {"watch": watch.tree.root, "watcher": capabilities.WATCHER}
        if relative:
            response["relative_path"] = os.fsencode(relative)
        return response

    def _watch_del(self, request: Request) -> Response:
        root = self._registry.delete(_argument(request, 0, "a directory"))
        return {"watch-del": True, "root": root}

    def _clock(self, request: Request) -> Response:
        tree = self._root(request).tree
        options = request.arguments[1] if len(request.arguments) > 1 else {}
        return {"clock": tree.clock(_sync_timeout(options))}

    def _query(self, request: Request) -> Response:
        watch, spec = self._root(request), _argument(request, 1, "a query")
        _log_request(request, spec)
        return self._run(watch, spec)

    def _since(self, request: Request) -> Response:
        watch = self._root(request)
        clock = _argument(request, 1, "a clock")
        return self._run(
            watch,
            {
                "since": clock,
                "fields": list(fields.SINCE_DEFAULTS),
                **patterns_to_expression(request.arguments[2:]),
            },
        )

    def _find(self, request: Request) -> Response:
        watch = self._root(request)
        return self._run(
            watch,
            {
                "fields": list(fields.SINCE_DEFAULTS),
                **patterns_to_expression(request.arguments[1:]),
            },
        )

    def _run(self, watch: Watch, spec: object) -> Response:
        query = specification.read(
            spec, watch.tree.root, case_sensitive=watch.tree.config.case_sensitive
        )
        result = run(watch.tree, query, self._registry.hashes)
        return {
            "clock": result.clock,
            "is_fresh_instance": result.is_fresh,
            "files": result.files,
        }

    def _subscribe(self, request: Request) -> Response:
        watch, connection = self._root(request), request.connection
        name, spec = _text(request, 1, "a name"), _argument(request, 2, "a query")
        if not isinstance(spec, Mapping):
            raise CommandError("expected a query object as the last argument of 'subscribe'")
        _log_request(request, spec)
        is_known = any(each.name == name for each in connection.subscriptions(watch.tree.path))
        if is_known and watch.tree.config.unique_names:
            raise CommandError(f"subscription name '{name[:80]}' is not unique")
        made = Subscription(name, watch, spec, connection.encoding, connection)
        clock = watch.tree.clock()
        connection.subscribe(made)
        response: Response = {
            "subscribe": name,
            "clock": clock,
            "asserted-states": list(watch.states()),
        }
        if is_known:
            response["warning"] = f"subscription name '{name[:80]}' is not unique"
        return response

    def _unsubscribe(self, request: Request) -> Response:
        watch, name = self._root(request), _text(request, 1, "a name")
        deleted = request.connection.unsubscribe(watch.tree.path, name)
        return {"unsubscribe": name, "deleted": deleted}

    def _flush_subscriptions(self, request: Request) -> Response:
        watch, connection = self._root(request), request.connection
        options = _argument(request, 1, "an object")
        timeout = _sync_timeout(options)
        if timeout is None or not isinstance(options, Mapping):
            raise CommandError("key 'sync_timeout' is not present in this json object")
        known = {each.name: each for each in connection.subscriptions(watch.tree.path)}
        names = _names_of_subscriptions(options, known)
        lists: dict[str, list[str]] = {"synced": [], "no_sync_needed": [], "dropped": []}
        for name in names:
            kind, messages = known[name].flush(self._registry.hashes, timeout)
            connection.send_all(known[name], messages)
            lists[kind].append(name)
        return {**lists}

    def _state_enter(self, request: Request) -> Response:
        watch, name, more = self._state(request)
        watch.enter(name, request.connection, more)
        return {"state-enter": name, "root": watch.tree.root, "clock": more["clock"]}

    def _state_leave(self, request: Request) -> Response:
        watch, name, more = self._state(request)
        watch.leave(name, request.connection, more)
        return {"state-leave": name, "root": watch.tree.root, "clock": more["clock"]}

    def _state(self, request: Request) -> tuple[Watch, str, Response]:
        """Return the directory, the state, and what its listeners are told besides."""
        watch = self._root(request)
        given = _argument(request, 1, "a state")
        options = given if isinstance(given, Mapping) else {"name": given}
        name = options.get("name")
        if not isinstance(name, str):
            raise CommandError("the name of a state must be a string")
        # What changed before belongs to the time before.
        more: Response = {"clock": watch.tree.clock(_sync_timeout(options) or SYNC_TIMEOUT)}
        if "metadata" in options:
            more["metadata"] = cast("Value", options["metadata"])
        return watch, name, more

    def _trigger(self, request: Request) -> Response:
        watch = self._root(request)
        spec = _argument(request, 1, "a trigger")
        if isinstance(spec, str):
            spec = trigger_of(spec, request.arguments[2:])
        if not isinstance(spec, Mapping):
            raise CommandError("invalid trigger: expected an object")
        name, disposition = self._registry.set_trigger(watch, spec)
        return {"triggerid": name, "disposition": disposition}

    def _trigger_del(self, request: Request) -> Response:
        watch, name = self._root(request), _text(request, 1, "a name")
        return {"trigger": name, "deleted": self._registry.delete_trigger(watch, name)}

    def _trigger_list(self, request: Request) -> Response:
        found = self._registry.triggers(self._root(request))
        return {"triggers": [each.definition for each in found]}

    def _get_config(self, request: Request) -> Response:
        return {"config": cast("Value", self._root(request).tree.config.fields)}

    def _debug_root_status(self, request: Request) -> Response:
        tree = self._root(request).tree
        return {
            "root_status": {
                "path": tree.root,
                "watcher": capabilities.WATCHER,
                "clock": tree.clock(),
                "files": tree.files(),
                "cancelled": False,
                "case_sensitive": tree.config.case_sensitive,
                "done_initial": True,
                "recrawl_info": {"count": 0, "should-recrawl": False, "warning": None},
            }
        }

    def _debug_get_asserted_states(self, request: Request) -> Response:
        watch = self._root(request)
        states = [{"name": name, "state": "Asserted"} for name in watch.states()]
        return {"root": watch.tree.root, "states": states}

    def _debug_get_subscriptions(self, request: Request) -> Response:
        path = self._root(request).tree.path
        names = [each.name for each in request.connection.subscriptions(path)]
        return {"subscribers": [{"info": {"name": name}} for name in names]}

    def _debug_recrawl(self, request: Request) -> Response:
        self._root(request).recrawl()
        return {"recrawl": True}

    def _debug_set_subscriptions_paused(self, request: Request) -> Response:
        given = _argument(request, 0, "an object of names")
        known = {each.name: each for each in request.connection.subscriptions()}
        paused: dict[str, Value] = {}
        for name, value in given.items() if isinstance(given, Mapping) else ():
            if name not in known:
                raise CommandError(f"this client does not have a subscription named '{name[:80]}'")
            paused[name] = {"old": known[name].is_paused, "new": value is True}
            known[name].is_paused = value is True
            known[name].note_change()
        return {"paused": paused}

    def _log_level(self, request: Request) -> Response:
        level = _text(request, 0, "a level")
        _refuse_more(request, 1)
        if level not in _LEVELS:
            raise CommandError(
                f"invalid log level {level[:80]}: must be one of {' '.join(_LEVELS)}"
            )
        request.connection.log_level = _LEVELS[level]
        return {"log_level": level}

    def _write_log(self, request: Request) -> Response:
        level, text = _text(request, 0, "a level"), _text(request, 1, "a text")
        _refuse_more(request, 2)
        if level not in _LEVELS or level == "off":
            raise CommandError(f"invalid log level {level[:80]}: must be debug or error")
        _log.log(_LEVELS[level], "%s", text)
        return {"logged": True}

    def _root(self, request: Request) -> Watch:
        return self._registry.get(_argument(request, 0, "a directory that is watched"))


def _argument(request: Request, at: int, what: str) -> object:
    if len(request.arguments) <= at:
        raise CommandError(
            f"wrong number of arguments to '{request.name}': not enough arguments, "
            f"{what} is missing"
        )
    return request.arguments[at]


def _refuse_more(request: Request, count: int) -> None:
    if len(request.arguments) > count:
        raise CommandError(f"wrong number of arguments to '{request.name}'")


def _text(request: Request, at: int, what: str) -> str:
    value = _argument(request, at, what)
    if not isinstance(value, str):
        raise CommandError(f"expected {what}, not {str(value)[:80]!a}")
    return value


def _log_request(request: Request, spec: object) -> None:
    """Log the name that a client gave its request, if it did."""
    if isinstance(spec, Mapping) and isinstance(spec.get("request_id"), str):
        _log.info("[client=%x] request_id = %s", id(request.connection), spec["request_id"])


def _names_of_subscriptions(
    options: Mapping[str, object], known: Mapping[str, Subscription]
) -> list[str]:
    """Return the subscriptions that a client names, or all."""
    wanted = options.get("subscriptions", list(known))
    names = [each for each in wanted if isinstance(each, str)] if isinstance(wanted, list) else []
    if not isinstance(wanted, list) or len(names) != len(wanted):
        raise CommandError("expected 'subscriptions' to be an array of subscription names")
    for name in names:
        if name not in known:
            raise CommandError(f"this client does not have a subscription named '{name[:80]}'")
    return names


def _texts(value: object) -> list[str]:
    """Return a list of strings."""
    listed = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(each, str) for each in listed):
        raise CommandError(f"expected a list of strings, not {str(value)[:80]!a}")
    return [each for each in listed if isinstance(each, str)]


def _sync_timeout(options: object) -> float | None:
    """Return the seconds to wait until all changes so far are known; None: do not wait."""
    value = options.get("sync_timeout", 0) if isinstance(options, Mapping) else 0
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < _MAX_TIME:
        raise CommandError("sync_timeout must be an integer value >= 0, in milliseconds")
    return value / 1000 or None
