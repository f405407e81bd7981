"""The implementation of `ipc.server`: the platform halves, and here what both of them use.

blocked_writers   limit how many workers wait for clients that do not read
deadline_queue    a bounded queue of slow clients, ordered by their deadlines
memory            limit the bytes that are buffered for all clients of a server together
rate_limited_log  log problems with clients, each kind at most once a minute
request           collect the bytes of one request
thread_pool       start and join a bounded number of threads
unix              the server for Unix domain sockets
windows           the server for named pipes
"""
