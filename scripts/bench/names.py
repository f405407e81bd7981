"""Names that measurements and the report share; those of rows are keys of saved results."""

OURS, GIT_DAEMON, WATCHMAN = "fsmond", "git's daemon", "Watchman"
WATCHFILES = "watchfiles"
EMPTY_PROGRAM = "python -I -S -c pass"
CLIENT, HOOK, QUERY = "fsmond, Python client", "fsmond hook", "fsmond query"

IDLE, ONE = "nothing changed", "after 1 change"
AFTER_REST = "nothing changed, after 20 ms of rest"
OLD_CHANGES = "100,000 paths, changed long ago"

RATE, LATENCY, LONGEST = "answers a second", "latency of an answer", "the longest wait of a round"

DESIGN = 11_000  # directories in the design's tree
FIRST_ANSWER, FIRST_BY_NAME = (
    "start until the first answer",
    "start until a change is told by its name",
)
START_MEMORY, IDLE_TIME = "memory after the start", "processor when idle, share of one"
START_TIME = "processor for the start, and for covering the tree"

DESIGN_EVENTS = 10_000_000
MEMORY_GROWTH = "growth of memory from a tenth of the events to all"
SHORT_LIVED = "100,000 files made and deleted: gone again, and not told"
OVERFLOWS = "100,000 files made and deleted: overflows"

NO_WATCHER = "nobody"
BARE = "bare socket"
ROUND_TRIP = "round trip, anywhere"
RECOVERY, LOST = "until the answer is whole", "lost"
ALL_CHANGES, SEVERAL = "all changes", "several at once"
MEMORY_BY_EVENTS = "memory after so many events on 10,000 paths"

BARE_WALK = "os.walk, and lstat of everything"
EXACT_AFTER = "restart until an old token is answered exactly, by files changed meanwhile"
FIRST_STATUS = "the daemon's start and the first git status, two files changed meanwhile"
NEXT_STATUS = "the next git status"

QUERY_MEANWHILE = "latency of an answer meanwhile"
STORING_TIME = "processor for storing, share of one"
STORED_BYTES = "stored in a minute"

FIRST_FILES = "the server's start, and the first query of all files"
ALL_FILES_AGAIN = "the next query of all files, five fields each"
ALL_FILES = "all files, names only"
FILES_OF_A_SUFFIX = "files of a suffix that no file has"

TOLD_AFTER = "from a change until it is told"
WAITING_MEMORY = "memory of the daemon for each client that waits"
WAITING_TIME = "processor of the daemon for each change, with so many clients"
