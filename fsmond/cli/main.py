"""Define all commands and their options."""

import argparse
from collections.abc import Callable

from fsmond import __version__
from fsmond.cli import commands
from fsmond.cli.output import print_error
from fsmond.client import TIMEOUT, VERIFY_TIMEOUT
from fsmond.errors import Error

Command = Callable[[argparse.Namespace], int]


def run(arguments: list[str]) -> int:
    """Run the given command line and return its exit status; 2 for bad usage."""
    if arguments[:1] == ["git-daemon"]:
        from fsmond.cli.git_daemon import run as run_git_daemon  # parses its options as Git does

        return run_git_daemon(arguments[1:])
    options = _parsed(arguments)
    command: Command = options.command
    try:
        return command(options)
    except BrokenPipeError:
        raise
    except (Error, OSError) as error:
        print_error(error)
        return 1


def _parsed(arguments: list[str]) -> argparse.Namespace:
    command_line: list[str] = []
    if arguments[:1] == ["exec"] and "--" in arguments:
        at = arguments.index("--")
        arguments, command_line = arguments[:at], arguments[at + 1 :]
    parser = _parser()
    options = parser.parse_args(arguments)
    if arguments[:1] == ["exec"]:
        if not command_line:
            parser.error("exec needs a command: fsmond exec [PATH] [OPTIONS] -- COMMAND...")
        options.command_line = command_line
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "fsmond",
        description="Report which paths under a directory changed since the last query.",
        epilog="PATH is a directory, by default the current one.  It stands for the Git worktree "
        "that contains it or, outside of a worktree, for itself.",
    )
    parser.add_argument("--version", action="version", version=f"fsmond {__version__}")
    adding = parser.add_subparsers(metavar="COMMAND", required=True)
    directories: list[argparse.Action] = []

    def add(
        name: str, command: Command, text: str, *, has_path: bool = True
    ) -> argparse.ArgumentParser:
        added = adding.add_parser(name, help=text, description=text)
        if has_path:
            directories.append(added.add_argument("path", metavar="PATH", nargs="?", default="."))
        added.set_defaults(command=command)
        return added

    start = add("start", commands.start, "start the daemon in the background")
    _add_settings(
        start,
        "Git's own daemon is watching the worktree, or fsmond another tree of its git directory",
    )
    _add_manners(start, "until it answers (default: 60)")
    run = add("run", commands.run, "run the daemon in the foreground, and log to standard error")
    _add_settings(run, "another daemon (Git's own or fsmond) is watching the worktree")
    _add_managing_commands(add)
    _add_query_options(add("query", commands.query, "show what changed since a token"))
    _add_listening_commands(add)
    _add_checking_commands(add)
    _add_installing_commands(add)
    adding.add_parser("git-daemon", help="act as git fsmonitor--daemon: start|run|stop|status")
    text = "print a shell's completion"
    completion = add("completion", commands.completion, text, has_path=False)
    completion.add_argument("shell", metavar="SHELL", choices=commands.SHELLS)
    completion.set_defaults(parser=parser, directories=directories)
    text = "act as Git's fsmonitor hook"
    _add_hook_options(adding.add_parser("hook", help=text, description=text))
    return parser


def _add_installing_commands(add: Callable[..., argparse.ArgumentParser]) -> None:
    install = add("install", commands.install, "have Git query fsmond, and start the daemon")
    _add_ways(install)
    service = add("service", commands.service, "have daemons from each login on", has_path=False)
    service.add_argument("action", choices=["install", "uninstall", "status"])
    service.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        help="install: default: the current one; others: all",
    )
    uninstall = add("uninstall", commands.uninstall, "undo `install`, and stop the daemon")
    for command in (install, uninstall):
        command.add_argument(
            "--global", dest="everywhere", action="store_true", help="for all your repositories"
        )


def _add_managing_commands(add: Callable[..., argparse.ArgumentParser]) -> None:
    stop = add("stop", commands.stop, "stop the daemon, and wait until its process has exited")
    stop.add_argument(
        "--all", dest="everywhere", action="store_true", help="stop all of your daemons"
    )
    _add_manners(stop, "until it has exited; then signals end it (default: 15)")
    add("restart", commands.restart, "stop the daemon, and start one with the same settings")
    listing = add("list", commands.list_all, "show all of your daemons", has_path=False)
    listing.add_argument("--json", action="store_true", help="print one JSON array")
    _add_color(listing)
    status = add("status", commands.status, "show the daemon's state; exit status 1 if none runs")
    status.add_argument("--json", action="store_true", help="print one JSON object")
    _add_timeout(status, f"for an answer (default: {TIMEOUT:g})", TIMEOUT)
    _add_color(status)
    top = add("top", commands.top, "show all daemons and what changes, live", has_path=False)
    top.add_argument("paths", metavar="PATH", nargs="*", help="only these trees")
    top.add_argument("--once", action="store_true", help="show it one time")
    _add_color(top)
    doctor = add("doctor", commands.doctor, "check all that could be wrong, and say what to do")
    doctor.add_argument("--json", action="store_true", help="print one JSON object")
    _add_color(doctor)
    log = add("log", commands.log, "print the log of the tree's daemon")
    log.add_argument(
        "-f", "--follow", action="store_true", help="go on with what is added, until interrupted"
    )
    log.add_argument(
        "-n", "--lines", metavar="N", type=_count, help="only the last N lines (default: all)"
    )


def _add_checking_commands(add: Callable[..., argparse.ArgumentParser]) -> None:
    verify = add("verify", commands.verify, "check the daemon's index against the tree")
    verify.add_argument("--json", action="store_true", help="print one JSON object")
    _add_timeout(verify, f"for it (default: {VERIFY_TIMEOUT:g})", VERIFY_TIMEOUT)
    add("flush", commands.flush, "invalidate all tokens")


def _add_manners(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    command.add_argument("-v", "--verbose", action="store_true", help="print what was done")
    _add_timeout(command, what)


def _add_timeout(command: argparse.ArgumentParser, what: str, default: float | None = None) -> None:
    """Add the option; without a default, the command has its own."""
    command.add_argument(
        "--timeout", metavar="S", type=_seconds, default=default, help=f"seconds {what}"
    )


def _add_color(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--color",
        choices=["auto", "always", "never"],
        default="auto",
        help="auto: on a terminal, unless NO_COLOR is set",
    )


def _add_listening_commands(add: Callable[..., argparse.ArgumentParser]) -> None:
    _add_wait_options(add("wait", commands.wait, "wait until something changes, and show what"))
    subscribe = add(
        "subscribe", commands.subscribe, "show each batch of changes, until interrupted"
    )
    _add_query_options(subscribe)
    _add_batch_options(subscribe)
    _add_exec_options(add("exec", commands.execute, "run a command after each batch of changes"))
    add("mcp", commands.mcp, "serve coding agents, by the Model Context Protocol")
    watchman = add("watchman", commands.watchman, "serve the clients of Watchman", has_path=False)
    watchman.add_argument(
        "action",
        choices=["run", "start", "stop", "status", "env"],
        help="env: print what a shell evaluates so that clients find the server",
    )
    cursor = add("cursor", commands.cursor, "list or delete cursors", has_path=False)
    _add_cursor_options(cursor)


def _add_settings(command: argparse.ArgumentParser, condition: str) -> None:
    command.add_argument(
        "--replace",
        action="store_true",
        help=f"if {condition}, stop that daemon and take its place",
    )
    command.add_argument(
        "--watch",
        choices=["auto", "events", "fanotify", "scan"],
        help="detect changes by events, by those of fanotify alone (Linux), or by a scan for each "
        "query; auto: whichever the file system needs (environment: FSMOND_WATCH)",
    )
    command.add_argument(
        "--verify-every",
        metavar="N",
        type=_number_of_queries,
        help="verify the tree at every Nth query, and log differences; 0: never "
        "(environment: FSMOND_VERIFY_EVERY)",
    )
    command.add_argument(
        "--idle-timeout",
        metavar="S",
        type=_number_of_seconds,
        help="end when no client has asked or waited for so many seconds; 0: never; default: 10800 "
        "(environment: FSMOND_IDLE_TIMEOUT)",
    )
    command.add_argument(
        "--no-history",
        dest="history",
        action="store_const",
        const="off",
        help="store nothing, so that tokens end with the daemon (environment: FSMOND_HISTORY=off)",
    )


def _number_of_seconds(text: str) -> int:
    return _count(text, "seconds (0: never)")


def _number_of_queries(text: str) -> int:
    return _count(text, "queries (0: never)")


def _count(text: str, of: str = "lines") -> int:
    if not (text.isascii() and text.isdigit()):
        msg = f"{text!r} is not a number of {of}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _add_ways(install: argparse.ArgumentParser) -> None:
    way = install.add_mutually_exclusive_group()
    for name, text in (
        ("hook", "have Git run a hook (git 2.16 or later); default with --global or an older git"),
        ("builtin", "have Git query fsmond itself (git 2.55 or later; not on Linux: 2.36)"),
    ):
        way.add_argument(f"--{name}", dest="way", action="store_const", const=name, help=text)


def _add_hook_options(hook: argparse.ArgumentParser) -> None:
    hook.add_argument(
        "version", metavar="VERSION", choices=["1", "2"], help="core.fsmonitorHookVersion: 1 or 2"
    )
    hook.add_argument("token", metavar="TOKEN", help="the token of the previous answer")
    hook.set_defaults(command=commands.hook)


def _add_wait_options(wait: argparse.ArgumentParser) -> None:
    _add_query_options(wait)
    _add_batch_options(wait)
    wait.add_argument(
        "--timeout", metavar="S", type=_seconds, help="exit with status 4 after so many seconds"
    )


def _add_cursor_options(cursor: argparse.ArgumentParser) -> None:
    cursor.add_argument("action", choices=["list", "delete"])
    cursor.add_argument(
        "operands", metavar="NAME|PATH", nargs="*", help="list [PATH], or delete NAME [PATH]"
    )
    cursor.add_argument("--json", action="store_true", help="print one JSON object")


def _add_batch_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--settle",
        metavar="S",
        type=_seconds,
        default=0.05,
        help="seconds without a change before a batch is told (default: 0.05)",
    )
    command.add_argument(
        "--max-wait",
        metavar="S",
        type=_seconds,
        default=1.0,
        help="seconds after which it is told in any case (default: 1)",
    )


def _add_filters(command: argparse.ArgumentParser) -> None:
    for name, text in (
        ("include", "only paths that match, as a line of a gitignore file would"),
        ("exclude", "no paths that match"),
    ):
        command.add_argument(
            f"--{name}", metavar="PATTERN", action="append", default=[], help=f"{text}; repeatable"
        )
    command.add_argument(
        "--gitignore", action="store_true", help="leave out what Git ignores and does not track"
    )


def _add_exec_options(command: argparse.ArgumentParser) -> None:
    command.usage = "fsmond exec [PATH] [OPTIONS] -- COMMAND..."
    _add_filters(command)
    _add_batch_options(command)
    for name, text in (
        ("initial", "run the command once before anything changes"),
        ("restart", "end the command, and all that it started, when something changes"),
        ("clear", "clear the screen before each run"),
    ):
        command.add_argument(f"--{name}", action="store_true", help=text)
    command.epilog = "The changed paths are in the file FSMOND_CHANGES, each with a final NUL."


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not found >= 0:
        msg = f"{text!r} is not a number of seconds"
        raise argparse.ArgumentTypeError(msg)
    return found


def _add_query_options(query: argparse.ArgumentParser) -> None:
    since = query.add_mutually_exclusive_group()
    since.add_argument("--since", metavar="TOKEN", help="the first line of an earlier answer")
    since.add_argument(
        "--cursor", metavar="NAME", help="a name under which the daemon keeps the token"
    )
    query.add_argument("--kinds", action="store_true", help="show how each path changed: A, M or D")
    _add_filters(query)
    form = query.add_mutually_exclusive_group()
    form.add_argument("-z", action="store_true", help="end paths with NUL, and do not quote them")
    form.add_argument("--json", action="store_true", help="print one JSON object")
    query.add_argument(
        "--no-start", action="store_true", help="start no daemon; exit status 3 if none runs"
    )
