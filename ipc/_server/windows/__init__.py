"""The server for named pipes.

deferred_client  a client whose answer is deferred: any thread sends, by way of the workers
handler          handle connections: receive each request, send the answer
listen           claim the name of a pipe, and own its waiting instances
loop             the server loop: add and join workers, drop overdue clients, add instances
pipe             send and receive through the server's end of a pipe without blocking a thread
port             an I/O completion port, which runs the callbacks of completed operations
reply            send one answer; a client that does not read does not block a worker for long
slow_clients     limit the number, the time and the memory of clients that are waited for
workers          the worker threads: each runs the next job of the completion port
"""
