"""What is said of each section, whatever came out: what is measured, and what to think of."""

from typing import NamedTuple


class Text(NamedTuple):
    """The words around a section's tables."""

    title: str
    intro: str
    plots: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


TEXTS = {
    "latency": Text(
        "How long an answer takes",
        "All watch copies of one tree at the same time and are asked in turns, over their sockets by the same "
        "client in Python, which connects for each question. The changes are made right before the question, "
        "so an answer includes catching up with them; each answer is checked for all that changed. "
        "*Process*: from the start of a program to its end. *Delivery*: watchdog and watchfiles have no question "
        "to answer; measured is the time until they tell of a file that is made after the changes, each alone.",
        ("latency", "latency-changes"),
        (
            "Which processors the two ends happen to be on decides much of the first rows: compare columns, "
            "and look at the distributions.",
            "Watchman's questions wait for a cookie file to be noticed, as it cannot know otherwise that it has "
            "seen everything; so they include a change of their own.",
        ),
    ),
    "clients": Text(
        "Many clients at once",
        "So many processes ask one daemon without a pause, and nothing changes. The clients are processes in "
        "Python on the same processors as the daemon: beyond a few, they are what is measured, for all alike.",
        ("clients",),
    ),
    "growth": Text(
        "How cost grows with the tree",
        "One tree of directories with nine files each, on a tmpfs, grows, and is watched by one at a time. "
        "*Start*: from the command to the first answer, which may be that everything may have changed; and to the "
        "first one that names a file that was changed since. `processor for the start` is what was used until "
        "there was nothing more to do, the index of fsmond included.",
        ("growth",),
        (
            "fsmond answers before it covers the tree, and covers it meanwhile: its first answer comes early, "
            "and the first exact one late, as it makes an index that the others do not have.",
            "Who is still at work 20 s after its start is measured at work; watchdog is with large trees, as it "
            "sees its own reading of the tree as events.",
            "The exponent is that of the whole curve, by least squares: 1 is in proportion, 0 not at all.",
        ),
    ),
    "memory": Text(
        "Memory over time",
        "The same 10,000 files are touched again and again, as fast as the daemon keeps up.",
        ("memory",),
    ),
    "bursts": Text(
        "Bursts",
        "Each is alone on the machine and watches a repository on a tmpfs, while a program works at full speed; "
        "then it is asked, and what it tells is held against two looks at the tree. *Lost*: the share of changed "
        "paths that were not told. *Gone again*: files that came and went, which are no loss on the whole.",
        ("bursts",),
        (
            "A daemon that ends has lost nothing silently: whoever asks it has to look at everything.",
            "watchdog and watchfiles have two seconds to tell of the file by which they are asked; what they have "
            "not told by then counts as lost, and they are started anew.",
        ),
    ),
    "writers": Text(
        "What being watched costs those who write",
        "The same work in the same tree, watched by nobody and by each in turn.",
        ("writers",),
    ),
    "overflow": Text(
        "When the kernel's queue overflows",
        "Each is stopped (SIGSTOP), more events are made than the queue holds, then 500 changes and more, and it may "
        "go on (SIGCONT). It is asked until its answers hold all changes.",
        ("overflow",),
    ),
    "stalls": Text(
        "The longest answer",
        "Each is asked again and again by one client while something very large happens at once, and for a second "
        "afterwards, on a tmpfs. What counts is the longest answer of each turn.",
        (),
        (
            "fsmond answers within a second whatever happens, with everything if need be: Git waits without a limit.",
        ),
    ),
    "truth": Text(
        "What each misses",
        "The same random series of operations, by a fixed seed, is done to a tree of each; after each step, of one "
        "operation or of up to twelve, it is asked at once, and the answer held against two looks at the tree. "
        "A directory that is named and that came, went or was replaced counts for all that is below it, for "
        "everybody. watchdog and watchfiles are asked by a file that they have to tell of.",
        ("truth",),
        (
            "Names that are not UTF-8 are left out: watchfiles ends at the first.",
            "A miss is booked to what was done when it came: who has lost track of a directory misses all that "
            "is done in it later, whatever that is.",
            "Whoever ended, or told nothing more, was started anew and is not charged for that step's missing "
            "answer; how often is said below the table.",
        ),
    ),
    "status": Text(
        "`git status` as a whole",
        "Each way has a copy of one repository; what git tells is compared in each round. `FSMOND_MODERN_GIT` "
        "names a git that can ask a daemon itself.",
        ("status",),
        ("When files changed, git writes its index anew, whoever told it.",),
    ),
    "ipc": Text(
        "`ipc` alone",
        "Beside `multiprocessing.connection`, which is in the standard library, and an accept-and-echo loop of a "
        "bare socket, which is the least that Python can do.",
        ("ipc",),
    ),
}
