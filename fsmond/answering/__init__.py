"""What clients other than Git ask: kinds, filters, cursors, and to be told; knows no process.

answers        the forms of an answer: bytes as Git has them, or JSON
cursors        tokens that the daemon keeps, by name
ignored        leave out what Git ignores, and report what it no longer ignores
pieces         how much fits into an answer, and the pieces in which it is sent
questions      read a request, and refuse an invalid one
selection      which of the changed paths an answer has
service        the commands `query`, `wait`, `subscribe` and `cursor`
subscriptions  the thread that answers those who wait for changes
"""
