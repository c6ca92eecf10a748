"""Deferred jobs: the store, its rules under fire, and real servers."""
