"""The testbed's own performance, as ratios measured side by side in one run."""
