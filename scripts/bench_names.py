"""Names that measurements, the report and the plots have in common."""

OURS, GIT_DAEMON, WATCHMAN = "fsmond", "git's daemon", "Watchman"
WATCHFILES = "watchfiles"
FLOOR = "python -I -S -c pass"
CLIENT, HOOK, QUERY = "fsmond, Python client", "fsmond hook", "fsmond query"

IDLE, ONE = "nothing changed", "after 1 change"
RESTED = "nothing changed, after 20 ms of rest"
AGAIN = "100,000 paths, changed long ago"

RATE, LATENCY, LONGEST = "answers a second", "latency of an answer", "the longest wait of a round"

DESIGN = 11_000  # directories; the design's
FIRST, EXACT = "start until the first answer", "start until a change is told by its name"
MEMORY, AT_REST = "memory after the start", "processor when idle, share of one"
SPENT = "processor for the start, and for covering the tree"

DESIGN_EVENTS = 10_000_000
KEPT = "growth of memory from a tenth of the events to all"
PASSED = "100,000 files made and deleted: gone again, and not told"
OVERFLOWS = "100,000 files made and deleted: overflows"

NOBODY = "nobody"
RECOVERED, LOST = "until the answer is whole", "lost"
ALL_CHANGES, TOGETHER = "all changes", "several at once"
EVENTS = "memory after so many events on 10,000 paths"
