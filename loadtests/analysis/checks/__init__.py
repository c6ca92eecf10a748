"""What a trial is held to: the gates that make it INVALID, two laws of operation, warnings."""
