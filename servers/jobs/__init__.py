"""Deferred work with a record: accepted at once, done later, and looked up by its id.

`job` says what a job is and what a store must do, `sqlite_store` keeps jobs in one file for all
worker processes of a server, `desk` is what both twins ask, and `in_threads` and `on_loop` run the
jobs in the idiom of each.
"""
