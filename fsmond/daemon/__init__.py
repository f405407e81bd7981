"""The process that watches a tree; the one room where the others meet.

fsmond.daemon.launch     have one, started if there is none
fsmond.daemon.holder     who holds its socket
fsmond.daemon.spawn      start its process
fsmond.daemon.spawn_unix     start any process
fsmond.daemon.copy_unix      start one as a copy of this one
fsmond.daemon.spawn_windows  the same on Windows
fsmond.daemon.lock       of those who would start it, one does
fsmond.daemon.lock_unix      how a directory is locked
fsmond.daemon.lock_windows   the same on Windows
fsmond.daemon.attempts   starts for which nobody waits
fsmond.daemon.begin      the first that it does
fsmond.daemon.process    its life, from the first line to the last
fsmond.daemon.pseudo_linux   which directories hold no files at all
fsmond.daemon.settings   what can be chosen for it
fsmond.daemon.detach     leave everything of the parent's behind
fsmond.daemon.alive      whether a process still runs
fsmond.daemon.alive_unix     how that is found
fsmond.daemon.alive_windows  the same on Windows
fsmond.daemon.monitor    the history of one tree
fsmond.daemon.missed     what a client missed
fsmond.daemon.resyncs    what the monitor itself missed
fsmond.daemon.timestamps which point of the history was passed at a time
fsmond.daemon.keeper     when its tree is compared with the index, and who waits for that
fsmond.daemon.reconciler how index, journal and tree are brought together
fsmond.daemon.recheck    what no event told of, looked at again before anybody is alarmed
fsmond.daemon.probes     file systems that may not answer, compared without waiting for ever
fsmond.daemon.chronicle  what changed, by all the names it has
fsmond.daemon.early      what tokens from before the index stand for
fsmond.daemon.verdict    what a comparison of the whole tree found
fsmond.daemon.rounds     something that is done once for all who asked
fsmond.daemon.schedule   when it is time for something
fsmond.daemon.paths      where paths are
fsmond.daemon.requests   what clients ask, and the answers
fsmond.daemon.askers     which tree they mean, and in which view they see it
fsmond.daemon.views      in which mount namespace a process is
fsmond.daemon.views_linux    how that is found
fsmond.daemon.spelling   names that have two spellings in Unicode
fsmond.daemon.health     whether there is still something to watch
fsmond.daemon.meaning    whether the git directory still means it
fsmond.daemon.memory     have what is no longer used given back
fsmond.daemon.logs       what it writes, and where
fsmond.daemon.log_writer  on a thread of its own, that nobody waits for
fsmond.daemon.log_file   a file for that
"""
