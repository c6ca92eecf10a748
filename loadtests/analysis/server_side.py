"""What only the server and its host know, from the scrapes of a trial.

Counters are read as the difference of the last scrape and the first, gauges as their highest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from loadtests.analysis.instruments import ServerSide, Stall
from loadtests.analysis.quantiles import rounded
from loadtests.analysis.scrapes import Labels, Scrape

ACCEPT_QUEUE = "testbed_accept_queue_connections"
ACCEPT_QUEUE_MAX = "testbed_accept_queue_max_connections"
ACCEPT_QUEUE_LIMIT = "testbed_accept_queue_limit_connections"
POOL_WAITING = "testbed_pool_waiting_requests"
POOL_WAITING_MAX = "testbed_pool_waiting_max_requests"
STALL = "testbed_event_loop_stall_seconds"
STALL_BASELINE = "testbed_event_loop_baseline_seconds"
SWITCHES = "testbed_process_context_switches_total"
RUN_QUEUE_DELAY = "testbed_process_run_queue_delay_seconds_total"
PSS = "testbed_process_proportional_memory_bytes"
CONNECTIONS = "testbed_open_connections"
RESTARTS = "testbed_worker_restarts_total"
TCP_EVENTS = "testbed_host_tcp_events_total"
NAMES = (
    *(ACCEPT_QUEUE, ACCEPT_QUEUE_MAX, ACCEPT_QUEUE_LIMIT, POOL_WAITING, POOL_WAITING_MAX),
    *(STALL, STALL_BASELINE, SWITCHES, RUN_QUEUE_DELAY, PSS, CONNECTIONS, RESTARTS, TCP_EVENTS),
)


def server_side_of(scrapes: Sequence[Scrape]) -> ServerSide | None:
    """The server's side of a trial; None where nothing was scraped."""
    if not scrapes:
        return None
    delay_s = _increase(scrapes, RUN_QUEUE_DELAY)
    pss = _highest(scrapes, PSS)
    return ServerSide(
        accept_queue_max=_most(scrapes, ACCEPT_QUEUE, ACCEPT_QUEUE_MAX),
        accept_queue_limit=_whole(_highest(scrapes, ACCEPT_QUEUE_LIMIT)),
        pools=_pools(scrapes),
        stall=_stall(scrapes),
        voluntary_switches=_whole(_increase(scrapes, SWITCHES, _with("kind", "voluntary"))),
        involuntary_switches=_whole(_increase(scrapes, SWITCHES, _with("kind", "involuntary"))),
        run_queue_delay_s=rounded(delay_s),
        pss_mb=None if pss is None else round(pss / 2**20, 1),
        open_connections_max=_whole(_highest(scrapes, CONNECTIONS)),
        restarts=_whole(_increase(scrapes, RESTARTS)),
        tcp_events=_tcp_events(scrapes),
    )


def _with(label: str, value: str) -> Callable[[Labels], bool]:
    return lambda labels: labels.get(label) == value


def _values(scrape: Scrape, name: str, label: str) -> Iterator[str]:
    return (labels[label] for labels, _ in scrape.series.get(name, ()) if label in labels)


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _highest(
    scrapes: Sequence[Scrape], name: str, wanted: Callable[[Labels], bool] = lambda _: True
) -> float | None:
    """The highest sum over the series of a scrape."""
    found = [scrape.total(name, wanted) for scrape in scrapes]
    return max((value for value in found if value is not None), default=None)


def _most(scrapes: Sequence[Scrape], now: str, since_last: str) -> int | None:
    """The most of a queue; what the first scrape says of the time before it is not the window's."""
    found = (_highest(scrapes, now), _highest(scrapes[1:], since_last))
    return _whole(max((value for value in found if value is not None), default=None))


def _increase(
    scrapes: Sequence[Scrape], name: str, wanted: Callable[[Labels], bool] = lambda _: True
) -> float | None:
    """How much the series of the last scrape have grown since the first; new ones began at zero."""
    if len(scrapes) < 2:
        return None
    before = {_key(labels): value for labels, value in scrapes[0].series.get(name, ())}
    grown = [
        value - before.get(_key(labels), 0.0)
        for labels, value in scrapes[-1].series.get(name, ())
        if wanted(labels)
    ]
    return sum(grown) if grown else None


def _key(labels: Labels) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


def _pools(scrapes: Sequence[Scrape]) -> dict[str, int]:
    """The most that waited for each pool, in the worker in which it was most."""
    found: dict[str, float] = {}
    for number, scrape in enumerate(scrapes):
        for name in (POOL_WAITING, POOL_WAITING_MAX) if number else (POOL_WAITING,):
            for labels, value in scrape.series.get(name, ()):
                pool = labels["pool"]
                found[pool] = max(found.get(pool, 0.0), value)
    return {pool: round(found[pool]) for pool in sorted(found)}


def _stall(scrapes: Sequence[Scrape]) -> Stall | None:
    """The stalls of all loops together; None where there is no loop, or no beat of one."""
    count, total_s = (_increase(scrapes, f"{STALL}_{part}") for part in ("count", "sum"))
    if not count or total_s is None:
        return None
    bounds = sorted(set(_values(scrapes[-1], f"{STALL}_bucket", "le")), key=float)
    below = {
        float(bound): _increase(scrapes, f"{STALL}_bucket", _with("le", bound)) or 0.0
        for bound in bounds
    }

    def bound_ms(quantile: float) -> float | None:
        reached = next((b for b, n in below.items() if n >= quantile * count), math.inf)
        return round(1000 * reached, 3) if math.isfinite(reached) else None

    baselines = (v for scrape in scrapes for _, v in scrape.series.get(STALL_BASELINE, ()))
    return Stall(
        mean_ms=round(1000 * total_s / count, 3),
        p90_ms=bound_ms(0.9),
        p99_ms=bound_ms(0.99),
        baseline_ms=round(1000 * max(baselines, default=0.0), 3),
    )


def _tcp_events(scrapes: Sequence[Scrape]) -> dict[str, int]:
    events = sorted(set(_values(scrapes[-1], TCP_EVENTS, "event")))
    found = {name: _whole(_increase(scrapes, TCP_EVENTS, _with("event", name))) for name in events}
    return {name: value for name, value in found.items() if value}
