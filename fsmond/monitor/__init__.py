"""The history of one tree; knows no process, socket or Git, and works in any program.

change_recorder  record changes in the journal, under every name of a file
coalesced_runs   a repeated task, where one run serves all who requested it before
confirmation     confirm differences that no event reported
early_tokens     what changed since tokens that were issued before the index was built
identity         whether a path still leads to the same directory
index_worker     the thread that compares the tree with the index
monitor          the history of one tree: answers queries; its threads and locks
normalization    names with two Unicode normalization forms
paths            relations of paths and prefixes
probes           compare file systems that may not answer, on threads of their own
reconciler       bring index, journal and tree together
resyncs          the times when events were lost
timestamps       map times to tokens, for version 1 of Git's hook protocol
tree_state       the state that the parts of a monitor share, and its lock
verification     the result of comparing the whole tree
"""
