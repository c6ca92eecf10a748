"""Work for nobody: requests whose client had left before the end of their answer."""

from __future__ import annotations

from collections.abc import Sequence

from loadtests.analysis import counters
from loadtests.analysis.instruments import Abandoned
from loadtests.analysis.scrapes import Scrape, grown_by

REQUESTS = "testbed_abandoned_requests_total"
SECONDS = "testbed_abandoned_seconds_total"
NAMES = (REQUESTS, SECONDS)


def abandoned_of(scrapes: Sequence[Scrape]) -> Abandoned | None:
    """What the workers of a trial did in vain; None where no client was seen to leave.

    Of a route of which only some requests were measured they stand for all of them.
    """
    requests, seconds = (grown_by(scrapes, name, "http_route") for name in NAMES)
    counts = counters.by_route(scrapes)
    many = spent_s = 0.0
    for route, number in requests.items():
        count = counts.get(route)
        scale = max(count.requests / count.measured, 1.0) if count and count.measured else 1.0
        many += scale * number
        spent_s += scale * seconds.get(route, 0.0)
    return Abandoned(round(many), round(spent_s, 3)) if round(many) else None
