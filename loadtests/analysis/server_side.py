"""What only the server and its host know, from the scrapes of a trial.

Counters are read as the difference of the last scrape and the first, gauges as their highest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from loadtests.analysis import stalls
from loadtests.analysis.instruments import ServerSide
from loadtests.analysis.quantiles import rounded
from loadtests.analysis.scrapes import Labels, Scrape, grown

ACCEPT_QUEUE = "testbed_accept_queue_connections"
ACCEPT_QUEUE_MAX = "testbed_accept_queue_max_connections"
ACCEPT_QUEUE_LIMIT = "testbed_accept_queue_limit_connections"
POOL_WAITING = "testbed_pool_waiting_requests"
POOL_WAITING_MAX = "testbed_pool_waiting_max_requests"
SWITCHES = "testbed_process_context_switches_total"
RUN_QUEUE_DELAY = "testbed_process_run_queue_delay_seconds_total"
PSS = "testbed_process_proportional_memory_bytes"
CONNECTIONS = "testbed_open_connections"
RESTARTS = "testbed_worker_restarts_total"
TCP_EVENTS = "testbed_host_tcp_events_total"
NAMES = (
    *(ACCEPT_QUEUE, ACCEPT_QUEUE_MAX, ACCEPT_QUEUE_LIMIT, POOL_WAITING, POOL_WAITING_MAX),
    *(SWITCHES, RUN_QUEUE_DELAY, PSS, CONNECTIONS, RESTARTS, TCP_EVENTS),
    *stalls.NAMES,
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
        stall=stalls.stall_of(scrapes),
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
    found = [value for labels, value in grown(scrapes[0], scrapes[-1], name) if wanted(labels)]
    return sum(found) if found else None


def _pools(scrapes: Sequence[Scrape]) -> dict[str, int]:
    """The most that waited for each pool, in the worker in which it was most."""
    found: dict[str, float] = {}
    for number, scrape in enumerate(scrapes):
        for name in (POOL_WAITING, POOL_WAITING_MAX) if number else (POOL_WAITING,):
            for labels, value in scrape.series.get(name, ()):
                pool = labels["pool"]
                found[pool] = max(found.get(pool, 0.0), value)
    return {pool: round(found[pool]) for pool in sorted(found)}


def _tcp_events(scrapes: Sequence[Scrape]) -> dict[str, int]:
    events = sorted(set(_values(scrapes[-1], TCP_EVENTS, "event")))
    found = {name: _whole(_increase(scrapes, TCP_EVENTS, _with("event", name))) for name in events}
    return {name: value for name, value in found.items() if value}
