"""The process that watches a tree; the one room where the others meet.

fsmond.daemon.launch     start it from another process
fsmond.daemon.process    its life, from the first line to the last
fsmond.daemon.detach     leave everything of the parent's behind
fsmond.daemon.monitor    the history of one tree
fsmond.daemon.requests   what clients ask, and the answers
fsmond.daemon.health     whether there is still something to watch
fsmond.daemon.logs       what it writes, and where
"""
