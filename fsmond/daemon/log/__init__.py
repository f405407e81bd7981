"""The daemon's log.

file    a log file of bounded size
logs    what the daemon logs, and where
writer  write the log on a thread of its own, so that nothing waits for the disk
"""
