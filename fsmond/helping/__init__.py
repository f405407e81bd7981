"""A second process that compares a part of a tree with its records, or makes them.

It runs on another processor, if there is one.

messages       what the two processes say to each other
process_linux  start the process, give it its work, and take its reports
program        what runs in it: find the directories that differ from their records, or record them
"""
