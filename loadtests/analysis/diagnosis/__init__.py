"""What each profile did under each load, in a sentence with its evidence."""

from loadtests.analysis.diagnosis.rules import CODES, RULES, diagnoses_of

__all__ = ["CODES", "RULES", "diagnoses_of"]
