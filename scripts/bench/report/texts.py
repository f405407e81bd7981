"""The words of the report: an introduction and notes for each section, and labels."""

from typing import NamedTuple

# Saved results keep the names of rows and programs; the report shows these words instead.
LABELS = {
    "start until a change is told by its name": "start until a change is reported by name",
    "processor for the start, and for covering the tree": "processor time of the start, until idle",
    "processor when idle, share of one": "processor when idle, share of one processor",
    "gone again, and not told": "short-lived files not reported",
    "made and deleted": "created and deleted",
    "files made": "files created",
    "rm -rf of all that": "rm -rf of the build and of the created files",
    "until the answer is whole": "time until an answer has all changes",
    "growth of memory from a tenth of the events to all": "memory growth, from a tenth of the events to all",
    "memory after so many events on 10,000 paths": "memory by number of events on 10,000 paths",
    "the index made": "fsmond's index: built",
    "the tree compared with the index": "fsmond's index: compared with the tree",
    "the longest wait of a round": "longest latency in a round",
    "changed long ago": "changed long before the query",
    "ms of rest": "ms of idling",
    "the hooks' processes alone": "the hook process alone",
    "processor for storing, share of one": "processor time of storing, share of one processor",
    "nobody": "no watcher",
    "watchman, its client": "Watchman's client",
}


def label(name: str) -> str:
    """Return the words that the report shows for a row or a program."""
    for key, words in LABELS.items():
        name = name.replace(key, words)
    return name


class Text(NamedTuple):
    """The words around a section's tables."""

    title: str
    intro: str
    plots: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


STANDING = (
    "All rows that a peer has as well: what fsmond takes in units of what the best peer of the row takes, by medians, so less is better "
    "(of rates, the reverse). Of a curve, the range over its points; the figures are those of the design's tree, or of the point at "
    "which fsmond stands worst. *Each run*: the ratio of these figures in each run by itself, which is the spread. *Over the floor*: what "
    "fsmond takes in units of what does nothing, as the same runs measured it: of a program, an empty one; of an answer, the round trip "
    "of a bare socket; of a start, a walk over the files; of a program that writes, one that nobody watches. *Won* and *lost*: by more "
    "than 5 % at all points in each run; *equal*: as when both miss nothing; all else is *open*."
)

BEHIND = (
    "All rows below in which the median of a peer is better than the best of fsmond by more than 5 %. Of a curve, the figures are those "
    "of the point with the largest ratio; the last column lists all points at which a peer is better.\n\n"
    "- *After a start*, fsmond builds an index that its peers do not have, which takes processor time and memory. Its first answer "
    "comes before that, once the tree is covered or after 0.4 s, and is that everything may have changed.\n"
    "- *Many clients*: fsmond's threads run Python, one at a time; those of git's daemon run in parallel.\n"
    "- *After an overflow*, git's daemon ends. Its time is that of a new start, whose first answer is that everything may have changed."
)

TEXTS = {
    "latency": Text(
        "How long an answer takes",
        "All daemons watch copies of one tree at the same time and are queried in turns, over their sockets, by the same client in "
        "Python, which connects for each query. The changes are made right before the query, so that catching up with them is part "
        "of the answer; each answer is checked for all changes. *Process*: a client program from its start to its end. *Delivery*: "
        "watchdog and watchfiles cannot be queried; the time is that until they report a file that is created after the changes. "
        "They run one at a time.",
        ("latency", "latency-changes"),
        (
            "The first rows depend on which processors the client and the daemon run on: compare columns, and see the distributions.",
            "Watchman can only know that it has seen all changes when it sees a cookie file that it creates for each query; so its "
            "answers include a change of their own.",
        ),
    ),
    "clients": Text(
        "Many clients at once",
        "Many processes query one daemon without a pause, and nothing changes. The clients are Python processes on the same "
        "processors as the daemon: with more than a few, their own cost limits the rate, equally for all daemons.",
        ("clients",),
    ),
    "growth": Text(
        "How cost grows with the tree",
        "One tree on a tmpfs grows, of directories with nine files each; one program at a time watches it. *Start until the first "
        "answer*: from the command to the first answer, which may be that everything may have changed. *Start until a change is "
        "reported by name*: from the command to the first answer that names a file that was changed after the start. *Processor "
        "time of the start*: all processor time until the program is idle, for fsmond including its index.",
        ("growth",),
        (
            "fsmond's first answer waits until the tree is covered, for 0.4 s at most and not for a larger tree. If it came earlier, "
            "changes are named only when there is an index, which the other programs do not have: later than they do.",
            "A program that is still busy 20 s after its start is measured while it works. watchdog is busy with large trees, because "
            "its own reading of the tree causes events.",
            "The exponent is that of the whole curve, by least squares: 1 means proportional to the tree, 0 independent of it.",
        ),
    ),
    "memory": Text(
        "Memory over time",
        "The same 10,000 files are touched again and again, as fast as the daemon keeps up.",
        ("memory",),
    ),
    "bursts": Text(
        "Bursts",
        "One program at a time watches a repository on a tmpfs while a workload runs at full speed. Then it is queried, and its answer "
        "is compared with two scans of the tree. *Lost*: the share of changed paths that were not reported. *Short-lived files*: files "
        "that were created and deleted during the workload; in the end, nothing is lost if they are not reported.",
        ("bursts",),
        (
            "A daemon that ends loses nothing silently: its clients have to scan the tree.",
            "watchdog and watchfiles have two seconds to report the marker file of a query. What they have not reported by then counts "
            "as lost, and they are restarted.",
        ),
    ),
    "writers": Text(
        "What watching costs the programs that write",
        "The same work in the same tree, with no watcher and with each in turn.",
        ("writers",),
    ),
    "overflow": Text(
        "When the kernel's queue overflows",
        "Each program is stopped (SIGSTOP), more events are caused than the queue holds, then 500 changes and more, and it continues "
        "(SIGCONT). It is queried until its answers have all changes.",
        ("overflow",),
    ),
    "stalls": Text(
        "The longest answer",
        "One client queries each daemon again and again during one very large operation on a tmpfs, and for a second afterwards. "
        "The figure is the longest answer of each round.",
        (),
        (
            "fsmond always answers within a second, if need be that everything may have changed: Git waits without a limit.",
        ),
    ),
    "truth": Text(
        "What each misses",
        "The same random sequence of operations, with a fixed seed, runs in a tree of each program. After each step of one to twelve "
        "operations the program is queried at once, and the answer is compared with two scans of the tree. A directory that is "
        "reported and was created, removed or replaced counts for everything below it. watchdog and watchfiles are queried by a marker "
        "file that they have to report.",
        ("truth",),
        (
            "Names that are not UTF-8 are left out: watchfiles ends at the first one.",
            "A miss is counted for the operation after which it appeared. A program that has lost track of a directory misses all later "
            "changes in it, whatever they are.",
            "A program that ended or stopped reporting was restarted. The answer that is missing in that step does not count as a miss; "
            "the remarks say how often that happened.",
        ),
    ),
    "status": Text(
        "`git status` as a whole",
        "Each setup has a copy of one repository; git's output is compared in each round. `FSMOND_MODERN_GIT` names a git that can "
        "query a daemon itself.",
        ("status",),
        ("When files changed, git rewrites its index, whichever monitor it asked.",),
    ),
    "restart": Text(
        "After a restart",
        "The daemon is stopped, files are changed, and it is started again. *Until an old token is answered exactly*: from the command "
        "that starts it to the answer that names what changed and no more than a few other paths; the token is that of the last answer "
        "before the stop. *The first `git status`*: with the start of the daemon, and the same changes in each worktree; git's output is "
        "compared.",
        ("restart",),
        (
            "git's daemon and Watchman forget all when they end: to any old token they answer that everything may have changed, and "
            "their clients look at the whole tree. `git status` shows what that costs.",
            "`os.walk` with `lstat` is the least that a program in Python takes to look at a whole tree.",
        ),
    ),
    "storing": Text(
        "What it costs to store the history",
        "One process watches a tree, as the daemon does, and queries itself every 20 ms for a minute while a program changes files at "
        "random: two a second as an editor does, a thousand a second as a build does.",
    ),
    "telling": Text(
        "How soon a change is told",
        "A program waits for changes, and prints when there is one; files are changed one by one, 30 ms apart. *From a change until it "
        "is told*: from before the system call until the program's output can be read. All programs are told to wait for nothing more: "
        "settle or debounce is 0, or the least that they take. Then many clients wait at fsmond, each with filters of its own; each "
        "change concerns one of them, and it is checked that nobody else is told.",
    ),
    "watchman": Text(
        "Clients of Watchman",
        "`fsmond watchman` and Watchman, one after the other on one tree, with the same requests of the same client, which stays connected "
        "and speaks BSER. *The server's start, and the first query*: from the start of the server's process until all is received; for "
        "fsmond that includes the start of the daemon. *From a change until it is told*: to a subscriber; Watchman waits for its settle "
        "time, 20 ms, before it tells.",
        (),
        ("A query of fsmond passes two processes, the server and the daemon.",),
    ),
    "ipc": Text(
        "`ipc` alone",
        "`ipc` beside `multiprocessing.connection` of the standard library, and beside an accept-and-echo loop on a bare socket, which "
        "is the least that Python can do.",
        ("ipc",),
    ),
}
