"""What a trial's downstream service says of itself: whether it did what it was asked to, in time.

Its latencies, its failures and the turns that calls wait for are what the experiment wants of it.
What it answers later than that, or for want of a processor, is its own fault: then it was the
bottleneck, and no server can be told from another by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadtests.analysis.scrapes import Scrape, grown, grown_by, seconds_between
from loadtests.gates import BUSY_SHARE, late_bound_ms

REQUESTS = "testbed_downstream_requests_total"
ACTIVE_MAX = "testbed_downstream_active_max_requests"
LATENCY = "testbed_downstream_latency_seconds"
LATENESS = "testbed_downstream_lateness_seconds"
CPU = "testbed_downstream_cpu_seconds_total"
NAMES = (REQUESTS, ACTIVE_MAX, LATENCY, LATENESS, CPU)
"""What the analysis asks of a scrape."""

GOOD = "200"
WIDTH = 1.5
"""The factor between the bounds of a bucket: what is in it is at least so much less."""


@dataclass(frozen=True, slots=True)
class Downstream:
    """The downstream service in the measurement window; `active_max` is of the whole trial.

    `latency_ms` is the mean of what was drawn, the calls' turns and stalls not counted. Of a
    hundred calls 99 were answered at most `lateness_p99_ms` later than meant, which is the upper
    bound of a bucket. `cpu` is the share of a processor that it used.
    """

    requests: int
    failures: int
    active_max: int
    latency_ms: float | None
    lateness_p99_ms: float | None
    cpu: float


def downstream_of(scrapes: Sequence[Scrape]) -> Downstream | None:
    """The downstream service of a trial; None where none was called in the window."""
    requests = grown_by(scrapes, REQUESTS, "http_response_status_code")
    answered, seconds = round(sum(requests.values())), seconds_between(scrapes)
    if not answered or not seconds:
        return None
    begun, meant_s = _growth(scrapes, f"{LATENCY}_count"), _growth(scrapes, f"{LATENCY}_sum")
    late_s = _quantile_s(scrapes, 0.99)
    return Downstream(
        requests=answered,
        failures=answered - round(requests.get(GOOD, 0.0)),
        active_max=round(scrapes[-1].total(ACTIVE_MAX) or 0.0),
        latency_ms=round(1000 * meant_s / begun, 3) if begun else None,
        lateness_p99_ms=None if late_s is None else round(1000 * late_s, 3),
        cpu=round(_growth(scrapes, CPU) / seconds, 4),
    )


def faults(found: Downstream | None) -> Iterator[str]:
    """Sentences that show that the downstream service was the bottleneck, not what called it."""
    if found is None:
        return
    if found.cpu > BUSY_SHARE:
        yield f"the downstream service used {found.cpu:.0%} of a processor"
    late_ms, bound_ms = found.lateness_p99_ms, late_bound_ms(found.latency_ms)
    if late_ms is not None and late_ms / WIDTH > bound_ms:
        yield (
            "the downstream service answered later than it was asked to: "
            f"p99 {late_ms / WIDTH:.1f} ms or more, bound {bound_ms:.1f} ms"
        )


def _growth(scrapes: Sequence[Scrape], name: str) -> float:
    return sum(more for _, more in grown(scrapes[0], scrapes[-1], name))


def _quantile_s(scrapes: Sequence[Scrape], quantile: float) -> float | None:
    """The upper bound of the bucket in which a quantile of the lateness is; None above the last."""
    below = grown_by(scrapes, f"{LATENESS}_bucket", "le")
    bounds = sorted((float(bound), count) for bound, count in below.items())
    total = bounds[-1][1] if bounds else 0.0
    finite = [bound for bound, count in bounds[:-1] if count >= quantile * total]
    return finite[0] if total and finite else None
