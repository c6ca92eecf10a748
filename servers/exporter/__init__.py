"""The exporter: one process that serves the metrics of every server, and asks none of them.

What workers and generators count stands in their ledgers; the rest is seen from outside, in what
the kernel shows of their processes and sockets. A server that is blocked, stopped or dead cannot
delay a scrape. The exporter must see the servers' processes under the ids that they know
themselves by: in containers they share one namespace of process ids.
"""
