"""The page of a lesson: its text with the figures of one run."""
