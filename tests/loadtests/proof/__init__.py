"""Proof that the load engine tells the truth: known answers, faults, and theory."""
