"""Values and their bytes; no I/O.

bser      Watchman's binary encoding
framing   split what a client sends into requests, and encode responses
values    what requests and responses are made of
"""
