"""The Docker stack, brought up and down: `make test-stack`.

Rule: no file here is called test_*, so that `make test` needs no Docker.
"""
