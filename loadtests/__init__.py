"""How it is measured: experiment → run → samples → analysis."""
