"""What a metric is: its name, kind, unit, labels and buckets. The table of them is `metrics`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
Writer = Literal["worker", "downstream", "exporter", "generator"]

# Upper bounds in seconds, a factor of 1.5 apart: from 0.25 ms to over a minute.
BUCKETS = tuple(round(0.00025 * 1.5**step, 9) for step in range(32))
SUM = len(BUCKETS) + 1
"""Where a histogram's sum stands among its cells, behind the bucket that has no upper bound."""
OTHER = "_OTHER"
"""The label of a method that HTTP does not name: it stands for all of them."""
EVENTS = ("ListenOverflows", "ListenDrops", "TCPSynRetrans", "TCPTimeWaitOverflow")
"""The values of `event`, as the kernel spells them."""
MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
"""The values of `mode`: what processors spend their time on, as far as the system tells."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A name, what it means, its labels in order, and who writes it.

    Histograms are in seconds and have the bounds `BUCKETS`.
    """

    name: str
    kind: Kind
    unit: str
    writer: Writer
    labels: tuple[str, ...]
    help: str

    @property
    def cells(self) -> int:
        """How many numbers one series is: of a histogram every bucket, the last one, the sum."""
        return len(BUCKETS) + 2 if self.kind == "histogram" else 1
