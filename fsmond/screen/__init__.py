"""What people see in a terminal; elsewhere it is plain text.

progress     show a progress bar
status_text  format a daemon's status
tables       tables and colours, on a terminal alone
top          a live view of all daemons, and of what changes
"""
