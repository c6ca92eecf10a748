"""Locust users: what Locust spawns, counts and shows, while the engine does the sending.

Importing this package imports Locust, which patches the process.
"""
