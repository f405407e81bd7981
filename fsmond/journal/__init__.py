"""Which paths changed, and when: bookkeeping without I/O, clocks or threads.

history    the changed paths, ordered by their last change
lifetimes  when paths came into being, and when they vanished
token      a point in a history, as clients keep it
"""
