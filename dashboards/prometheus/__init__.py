"""What Prometheus is told: its configuration, the recording rules, and PromQL by the contract."""
