"""The process that watches a tree; the one room where the others meet.

fsmond.daemon.launch     have one, started if there is none
fsmond.daemon.spawn      start its process
fsmond.daemon.lock       of those who would start it, one does
fsmond.daemon.process    its life, from the first line to the last
fsmond.daemon.detach     leave everything of the parent's behind
fsmond.daemon.alive      whether a process still runs
fsmond.daemon.monitor    the history of one tree
fsmond.daemon.requests   what clients ask, and the answers
fsmond.daemon.health     whether there is still something to watch
fsmond.daemon.memory     have what is no longer used given back
fsmond.daemon.logs       what it writes, and where
"""
