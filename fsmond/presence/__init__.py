"""What others see of a daemon that runs, of whatever tree.

notes  which daemons this user has: each leaves a note while it runs
title  what a list of processes shows of a daemon
"""
