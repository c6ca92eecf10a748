"""What queueing theory says of a profile and a workload, from a few trials at modest load."""
