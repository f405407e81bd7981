"""The server for Unix domain sockets.

deferred_client  a client whose answer is deferred: any thread sends, the server's loop waits
handler          handle one connection: check the peer, receive the request, send the answer
listen           claim a path, and own the listening socket there
lock             claim a path in one process at a time, with a lock file beside it
loop             the server loop: serve slow clients, add and join workers, check the path
private          create a directory in which no other user can write
reply            send one answer; a client that does not read does not block a worker for long
slow_clients     serve slow clients on one thread, so that none of them blocks a worker
workers          the worker threads: each accepts connections itself
"""
