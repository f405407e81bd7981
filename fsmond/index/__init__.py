"""A record of what a tree looked like, and its comparison with the tree now; knows no events.

clock            the wall clock, and whether it was set back
difference       the differences between two records of a directory
fine_times       whether a file that was looked at gets another time whenever it changes
links            the names of files that have several (hard links)
opening_unix     open directories by paths of any length
opening_windows  the same on Windows
reading          read a directory as it is now
record           what is kept of one directory, in few bytes
sharing          which parts of a tree another process can compare with its records
status           what the system knows of a file
status_unix      the same on Unix; for Windows see fsmond.windows.files
tree             the records of all directories of a tree, compared with it
"""
