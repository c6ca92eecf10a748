"""A session that a class drives: both twins under one load, seen three times a second.

`python -m loadtests live` reads commands and writes frames, each a line of JSON. Who shows them is
another room's business, and a recorded run is replayed in the same frames.
"""
