"""The command line.

commands       the commands that have no module of their own
git_daemon     `fsmond git-daemon`, a substitute for `git fsmonitor--daemon`
hook           `fsmond hook`, the most frequent command, with the fewest imports
hook_messages  the hook's error messages, rate-limited
install        `fsmond install` and `fsmond uninstall`
main           all commands and their options
output         write to standard output as bytes, and errors to standard error
progress       show a progress bar on a terminal
query          `fsmond query`, which programs run often, with few imports
start          `fsmond start`, for which people wait, with few imports
status_text    format a daemon's status for people
stop           stop a daemon, and wait until its process has exited
termination    kill the process of a daemon that does not answer
"""
