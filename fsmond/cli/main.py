"""All commands, and what is typed with them."""

import argparse
from collections.abc import Callable

from fsmond import __version__
from fsmond.cli import commands
from fsmond.cli.output import complain
from fsmond.errors import Error

Command = Callable[[argparse.Namespace], int]


def run(arguments: list[str]) -> int:
    """Run what was typed, and return the exit status; 2 for bad usage."""
    if arguments[:1] == ["git-daemon"]:
        from fsmond.cli.git_daemon import run as behave_as_git  # has usage of its own, as Git's

        return behave_as_git(arguments[1:])
    options = _parser().parse_args(arguments)
    command: Command = options.command
    try:
        return command(options)
    except BrokenPipeError:
        raise
    except (Error, OSError) as error:
        complain(error)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "fsmond",
        description="Which paths under this directory changed since I last asked?",
        epilog="PATH is the current directory if it is left out.  It means the Git worktree that "
        "holds it, or that directory itself where there is none.",
    )
    parser.add_argument("--version", action="version", version=f"fsmond {__version__}")
    adding = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        added = adding.add_parser(name, help=text, description=text)
        added.add_argument("path", metavar="PATH", nargs="?", default=".")
        added.set_defaults(command=command)
        return added

    start = add("start", commands.start, "start the daemon in the background")
    _add_settings(start, "Git's own daemon")
    run = add("run", commands.run, "watch in the foreground, with a log on standard error")
    _add_settings(run, "another daemon, Git's own or fsmond,")
    add("stop", commands.stop, "ask the daemon to quit, and wait until it is gone")
    status = add("status", commands.status, "show what the daemon does; exit status 1 if none runs")
    status.add_argument("--json", action="store_true", help="as one JSON object")
    _add_query_options(add("query", commands.query, "show what changed since a token"))
    verify = add("verify", commands.verify, "compare the tree with what events told of it")
    verify.add_argument("--json", action="store_true", help="as one JSON object")
    add("flush", commands.flush, "have the daemon forget all tokens")
    install = add("install", commands.install, "have Git ask fsmond, in the way that it can")
    _add_ways(install)
    uninstall = add("uninstall", commands.uninstall, "put back what was set before `install`")
    for command in (install, uninstall):
        command.add_argument(
            "--global", dest="everywhere", action="store_true", help="for all your repositories"
        )
    adding.add_parser("git-daemon", help="behave as git fsmonitor--daemon: start|run|stop|status")
    hook = adding.add_parser("hook", help="answer as Git's fsmonitor hook")
    hook.add_argument("version", metavar="VERSION", choices=["1", "2"], help="1 or 2")
    hook.add_argument("token", metavar="TOKEN", help="what Git was answered with the last time")
    hook.set_defaults(command=commands.hook)
    return parser


def _add_settings(command: argparse.ArgumentParser, whom: str) -> None:
    command.add_argument(
        "--replace",
        action="store_true",
        help=f"if {whom} watches the worktree, have it quit, and take its place",
    )
    command.add_argument(
        "--watch",
        choices=["auto", "events", "scan"],
        help="by events, by scanning for each query, or as the file system needs it (FSMOND_WATCH)",
    )
    command.add_argument(
        "--verify-every",
        metavar="N",
        type=_number_of_queries,
        help="verify at each Nth query, and log what is found (FSMOND_VERIFY_EVERY)",
    )


def _number_of_queries(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        msg = f"{text!r} is no number of queries, or 0 for never"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _add_ways(install: argparse.ArgumentParser) -> None:
    way = install.add_mutually_exclusive_group()
    for name, text in (
        ("hook", "by a hook, as each git since 2.16 can"),
        ("builtin", "by itself, as git 2.55 can, and 2.36 elsewhere than on Linux"),
    ):
        way.add_argument(f"--{name}", dest="way", action="store_const", const=name, help=text)


def _add_query_options(query: argparse.ArgumentParser) -> None:
    query.add_argument("--since", metavar="TOKEN", help="what the last answer began with")
    form = query.add_mutually_exclusive_group()
    form.add_argument("-z", action="store_true", help="NUL-terminated, nothing quoted: the wire's")
    form.add_argument("--json", action="store_true", help="as one JSON object")
    query.add_argument("--no-start", action="store_true", help="exit with 3 if no daemon runs")
