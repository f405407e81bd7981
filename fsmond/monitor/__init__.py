"""The history of one tree; knows no process, socket or Git, and works in any program.

change_recorder  record changes in the journal, under every name of a file
coalesced_runs   a repeated task, where one run serves all who requested it before
early_tokens     what changed since tokens that were issued before the index was built
history_store    the thread that stores the history
index_worker     the thread that compares the tree with the index
kinds            what kind of change an answer reports
monitor          the history of one tree: answers queries; its threads and locks
probes           compare file systems that may not answer, on threads of their own
reconciler       bring index, journal and tree together
reports          take what the watcher and the index worker report
resyncs          the times when events were lost
sharing          compare a tree together with another process
timestamps       map times to tokens, for version 1 of Git's hook protocol
tree_state       the state that the parts of a monitor share, and its lock
verification     what events should have reported and did not
"""
