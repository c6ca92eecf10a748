"""What the workers counted themselves, from the first scrape of the window to the last.

Every stream is in it, and every outcome: a request that failed, or that nobody waited for any
longer, has held its worker too. A request counts when it ends, with all that it has held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loadtests.analysis.scrapes import Scrape, grown, grown_by

WORKER_REQUESTS = "testbed_worker_requests_total"
WORKER_MEASURED = "testbed_worker_measured_requests_total"
WORKER_HOLD = "testbed_worker_hold_seconds_total"
ROUTE_REQUESTS = "testbed_requests_total"
ROUTE_MEASURED = "testbed_request_hold_seconds_count"
ROUTE_HOLD = "testbed_request_hold_seconds_sum"
PROCESS_CPU = "testbed_process_cpu_seconds_total"
NAMES = (
    *(WORKER_REQUESTS, WORKER_MEASURED, WORKER_HOLD),
    *(ROUTE_REQUESTS, ROUTE_MEASURED, ROUTE_HOLD, PROCESS_CPU),
)


@dataclass(frozen=True, slots=True)
class Count:
    """Requests, those of them that were measured, and the hold of these in seconds."""

    requests: int
    measured: int
    measured_hold_s: float

    @property
    def hold_s(self) -> float:
        """The hold of all requests, were they like the measured ones."""
        return self.measured_hold_s * self.requests / self.measured if self.measured else 0.0


def by_worker(scrapes: Sequence[Scrape]) -> dict[int, Count]:
    """What each worker counted, by its process id."""
    found = _counts(scrapes, "worker", WORKER_REQUESTS, WORKER_MEASURED, WORKER_HOLD)
    return {int(worker): count for worker, count in found.items()}


def by_route(scrapes: Sequence[Scrape]) -> dict[str, Count]:
    """What all workers counted, by route."""
    return _counts(scrapes, "http_route", ROUTE_REQUESTS, ROUTE_MEASURED, ROUTE_HOLD)


def cpu_of_workers(scrapes: Sequence[Scrape]) -> dict[int, float]:
    """Processor seconds of each worker, without the processes of its pools, by its process id."""
    if len(scrapes) < 2:
        return {}
    found = grown(scrapes[0], scrapes[-1], PROCESS_CPU)
    return {int(of["process"]): used for of, used in found if of["role"] == "worker"}


def _counts(
    scrapes: Sequence[Scrape], label: str, requests: str, measured: str, hold: str
) -> dict[str, Count]:
    counted, told, held = (grown_by(scrapes, name, label) for name in (requests, measured, hold))
    return {
        key: Count(round(number), round(told.get(key, 0.0)), held.get(key, 0.0))
        for key, number in counted.items()
    }
