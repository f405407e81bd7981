"""People's commands.

fsmond.cli.query      `fsmond query`, which programs run often: a short way
fsmond.cli.hook       `fsmond hook`, the most frequent of all: the shortest way
fsmond.cli.complaints what the hook says, once in a while
fsmond.cli.start      `fsmond start`, which people wait for
fsmond.cli.stopping   have a daemon quit, and wait until it is gone
fsmond.cli.ending     end the process of one that does not answer
fsmond.cli.install    `fsmond install` and `fsmond uninstall`
fsmond.cli.git_daemon `fsmond git-daemon`, in the place of Git's own command
fsmond.cli.output     write to standard output, as bytes
fsmond.cli.progress   show how far something has come, on a terminal
fsmond.cli.main       all commands, and what is typed with them
fsmond.cli.commands   what they do
fsmond.cli.telling    what a daemon's status says, for people
"""
