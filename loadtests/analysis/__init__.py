"""Pure functions of the saved files: samples and environment in, summary out."""
