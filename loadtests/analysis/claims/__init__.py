"""The nine claims of the founding text, each with its verdict from a run.

`evidence` has the rule for when a difference counts; a module for each claim says in its first
lines what it reads of a run and what it takes for supported or refuted, decided in advance.
"""

from loadtests.analysis.claims.table import claims_of

__all__ = ["claims_of"]
