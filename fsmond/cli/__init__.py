"""The command line.

commands       the commands that have no module of their own
completion     print a shell's completion
daemons        `fsmond list`, `stop --all`, `restart` and `log`
doctor         `fsmond doctor`: what was found, and what to do
git_daemon     `fsmond git-daemon`, a substitute for `git fsmonitor--daemon`
hook           `fsmond hook`, the most frequent command, with the fewest imports
hook_messages  the hook's error messages, rate-limited
install        `fsmond install` and `fsmond uninstall`
listen           wait for changes, and print them; queries with kinds, filters or a cursor
main           all commands and their options
output         write to standard output as bytes, and errors to standard error
query          `fsmond query`, which programs run often, with few imports
service        `fsmond service`: daemons that are there from the login on
start          `fsmond start`, for which people wait, with few imports
watchman       `fsmond watchman`: the server for Watchman's clients
"""
