"""What the host does as a whole, whoever makes it do so."""

from __future__ import annotations

import psutil

from servers.exporter import tcp
from servers.exporter.book import Key
from servers.metrics import EVENTS, MODES


def read() -> dict[Key, float]:
    """The time of all processors by what it was spent on, and the troubles of TCP."""
    times, events = psutil.cpu_times()._asdict(), tcp.events()
    numbers: dict[Key, float] = {
        ("testbed_host_cpu_seconds_total", (mode,)): times[mode] for mode in MODES if mode in times
    }
    for event in EVENTS:
        if event in events:
            numbers["testbed_host_tcp_events_total", (event,)] = events[event]
    return numbers
