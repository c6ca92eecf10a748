"""Mathematics alone: queueing, scalability and intervals, each formula with its source.

Times are seconds, rates requests per second. Nothing here knows of runs, trials or profiles.
"""
