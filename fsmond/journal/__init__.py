"""What changed since when: pure bookkeeping, without I/O, clocks or threads.

fsmond.journal.token     a point in a history, as clients keep it
fsmond.journal.history   the paths, by the recency of their last change
"""
