"""Daemons of all trees, for the people who live with them.

clock        whether the clock can be trusted
daemons      find all daemons of this user, and ask each for its state
doctor       check all that can keep fsmond from answering fast
findings     what a check found, and what to do
git_checks   whether Git asks fsmond, and can
kernel_use   how much inotify and fanotify let a user watch, and which programs do
log_lines    print the end of a log, and follow it
stopping     stop a daemon, and wait until its process has exited
termination  kill the process of a daemon that does not answer
"""
