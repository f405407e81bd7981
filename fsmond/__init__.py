"""Which paths under this directory changed since I last asked: a daemon, and its clients.

fsmond.client       ask from Python
fsmond.door         the command `fsmond`
fsmond.rendezvous   where a tree's daemon is met
fsmond.protocol     what is said there
fsmond.exchange     one exchange there, with whoever serves
fsmond.explaining   what to say of a daemon that can't be asked
fsmond.errors       what callers decide by
fsmond.folders      folders that are this user's alone
fsmond.isolation    what a process of ours may be made of
fsmond.printable    text that people can be shown
fsmond.closed       standard descriptors that are closed
fsmond.daemon       the process that watches a tree
fsmond.journal      what changed since when
fsmond.index        what a tree looked like, and what differs now
fsmond.watching     where changes come from
fsmond.git          what fsmond knows about Git
fsmond.cli          people's commands
fsmond.files_windows     files looked at on Windows as on Unix; for the index and the watcher
fsmond.opening_windows   files opened on Windows in nobody's way; for logs, and what is Git's
"""

__version__ = "0.1.0"
