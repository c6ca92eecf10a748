"""What the exporter told of a server and its host beside what concerns a single worker.

It sampled the requests in the application at random moments, forty times a second, by a clock of
its own: between two scrapes their mean is an area divided by the sampled time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from loadtests.analysis.scrapes import Labels, Scrape, grown

ACTIVE_S = "testbed_active_request_seconds_total"
SAMPLED_S = "testbed_sampled_seconds_total"
ACTIVE = "http_server_active_requests"
DURATION_S = "http_server_request_duration_seconds_sum"
DURATIONS = "http_server_request_duration_seconds_count"
HOST_CPU_S = "testbed_host_cpu_seconds_total"
THREADS = "testbed_process_threads"
NAMES = (ACTIVE_S, SAMPLED_S, ACTIVE, DURATION_S, DURATIONS, HOST_CPU_S, THREADS)
PERIOD_S = 0.025
"""The time from one sample to the next, on average."""


def sampled_s(scrapes: Sequence[Scrape]) -> float:
    """Over how many seconds requests in the application were sampled; 0 where they were not."""
    return _grown(scrapes, SAMPLED_S) or 0.0


def mean_active(scrapes: Sequence[Scrape]) -> float | None:
    """Requests in the application on average; None where they were not sampled."""
    seconds, area = sampled_s(scrapes), _grown(scrapes, ACTIVE_S)
    return area / seconds if seconds and area is not None else None


def active_at_end(scrapes: Sequence[Scrape]) -> float:
    """Requests in the application at the last scrape."""
    return (scrapes[-1].total(ACTIVE) or 0.0) if scrapes else 0.0


def threads(scrapes: Sequence[Scrape]) -> int | None:
    """The most threads that all processes of the server had; None where that is not told."""
    found = [scrape.total(THREADS) for scrape in scrapes]
    most = max((value for value in found if value is not None), default=None)
    return None if most is None else round(most)


def services(scrapes: Sequence[Scrape]) -> tuple[float, float]:
    """How many requests the workers have measured and added up, and their seconds to the very end.

    By the workers' own clock, from the application's first line to its last.
    """
    return _grown(scrapes, DURATIONS) or 0.0, _grown(scrapes, DURATION_S) or 0.0


def stolen_s(scrapes: Sequence[Scrape]) -> float | None:
    """Seconds of any processor that a hypervisor gave to others; None where it is not told."""
    return _grown(scrapes, HOST_CPU_S, lambda labels: labels.get("mode") == "steal")


def _grown(
    scrapes: Sequence[Scrape], name: str, wanted: Callable[[Labels], bool] = lambda _: True
) -> float | None:
    if len(scrapes) < 2:
        return None
    found = [value for labels, value in grown(scrapes[0], scrapes[-1], name) if wanted(labels)]
    return sum(found) if found else None
