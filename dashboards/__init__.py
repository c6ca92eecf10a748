"""How it is shown: presenters take finished summaries and never measure."""
