"""What a tree looked like, and what is different now.  Knows no events.

fsmond.index.tree        the records of a tree's directories, compared with it
fsmond.index.record      what is kept of one directory, in few bytes
fsmond.index.difference  what two records of a directory differ in
fsmond.index.clock       the time that files are stamped with
fsmond.index.reading     look at a directory as it is now
fsmond.index.opening_unix     open directories, by paths of any length
fsmond.index.opening_windows  the same on Windows
fsmond.index.status           what the system knows of a file
fsmond.index.status_unix      by one call; on Windows see fsmond.files_windows
fsmond.index.links       the names of files that have several
"""
