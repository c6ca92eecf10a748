"""The downstream service: what the twins call, of its own process, with latencies from a seed."""
