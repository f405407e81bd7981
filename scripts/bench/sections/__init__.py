"""What is measured: a module for each section of the report, with a function `measure`.

bursts    the share of changes that each watcher loses while a program works at full speed
clients   many clients at once: the latency of each, and the answers a second of all
growth    how the costs of a start, of memory and of idling grow with the size of the tree
ipc       `ipc` without a daemon, beside `multiprocessing.connection` and a bare socket
latency   how long an answer takes: with no change, after one and after many
memory    memory over many events on the same paths
overflow  recovery after the kernel's queue overflowed
restart   after a restart: until an old token is answered exactly, and the first `git status`
stalls    the longest answer: how long a client waits during one very large operation
status    the whole of `git status`: without a monitor, with git's daemon, Watchman and fsmond
storing   what it costs to store the history while a program writes
telling   how soon a program that waits is told of a change
truth     what each watcher misses: the same random changes to a tree of each
watchman  what a client of Watchman waits for: of fsmond's server and of Watchman
writers   what watching costs the programs that write
"""
