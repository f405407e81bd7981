"""Define all commands and their options."""

import argparse
from collections.abc import Callable

from fsmond import __version__
from fsmond.cli import commands
from fsmond.cli.output import print_error
from fsmond.errors import Error

Command = Callable[[argparse.Namespace], int]


def run(arguments: list[str]) -> int:
    """Run the given command line and return its exit status; 2 for bad usage."""
    if arguments[:1] == ["git-daemon"]:
        from fsmond.cli.git_daemon import run as run_git_daemon  # parses its options as Git does

        return run_git_daemon(arguments[1:])
    options = _parser().parse_args(arguments)
    command: Command = options.command
    try:
        return command(options)
    except BrokenPipeError:
        raise
    except (Error, OSError) as error:
        print_error(error)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "fsmond",
        description="Report which paths under a directory changed since the last query.",
        epilog="PATH is a directory, by default the current one.  It stands for the Git worktree "
        "that contains it or, outside of a worktree, for itself.",
    )
    parser.add_argument("--version", action="version", version=f"fsmond {__version__}")
    adding = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        added = adding.add_parser(name, help=text, description=text)
        added.add_argument("path", metavar="PATH", nargs="?", default=".")
        added.set_defaults(command=command)
        return added

    start = add("start", commands.start, "start the daemon in the background")
    _add_settings(
        start,
        "Git's own daemon is watching the worktree, or fsmond another tree of its git directory",
    )
    run = add("run", commands.run, "run the daemon in the foreground, and log to standard error")
    _add_settings(run, "another daemon (Git's own or fsmond) is watching the worktree")
    add("stop", commands.stop, "stop the daemon, and wait until its process has exited")
    status = add("status", commands.status, "show the daemon's state; exit status 1 if none runs")
    status.add_argument("--json", action="store_true", help="print one JSON object")
    _add_query_options(add("query", commands.query, "show what changed since a token"))
    verify = add("verify", commands.verify, "check the daemon's index against the tree")
    verify.add_argument("--json", action="store_true", help="print one JSON object")
    add("flush", commands.flush, "invalidate all tokens")
    install = add("install", commands.install, "have Git query fsmond, and start the daemon")
    _add_ways(install)
    uninstall = add("uninstall", commands.uninstall, "undo `install`, and stop the daemon")
    for command in (install, uninstall):
        command.add_argument(
            "--global", dest="everywhere", action="store_true", help="for all your repositories"
        )
    adding.add_parser("git-daemon", help="act as git fsmonitor--daemon: start|run|stop|status")
    text = "act as Git's fsmonitor hook"
    _add_hook_options(adding.add_parser("hook", help=text, description=text))
    return parser


def _add_settings(command: argparse.ArgumentParser, condition: str) -> None:
    command.add_argument(
        "--replace",
        action="store_true",
        help=f"if {condition}, stop that daemon and take its place",
    )
    command.add_argument(
        "--watch",
        choices=["auto", "events", "scan"],
        help="detect changes by events, or by a scan for each query; auto: whichever the file "
        "system needs (environment: FSMOND_WATCH)",
    )
    command.add_argument(
        "--verify-every",
        metavar="N",
        type=_number_of_queries,
        help="verify the tree at every Nth query, and log differences; 0: never "
        "(environment: FSMOND_VERIFY_EVERY)",
    )

    command.add_argument(
        "--no-history",
        dest="history",
        action="store_const",
        const="off",
        help="store nothing, so that tokens end with the daemon (environment: FSMOND_HISTORY=off)",
    )


def _number_of_queries(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        msg = f"{text!r} is not a number of queries (0: never)"
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


def _add_query_options(query: argparse.ArgumentParser) -> None:
    query.add_argument("--since", metavar="TOKEN", help="the first line of an earlier answer")
    form = query.add_mutually_exclusive_group()
    form.add_argument("-z", action="store_true", help="end paths with NUL, and do not quote them")
    form.add_argument("--json", action="store_true", help="print one JSON object")
    query.add_argument(
        "--no-start", action="store_true", help="start no daemon; exit status 3 if none runs"
    )
