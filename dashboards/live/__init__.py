"""The live page: what a session tells, in a browser on this machine, and nobody else's."""
