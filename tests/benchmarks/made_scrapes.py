"""What an exporter would have served while requests that were made up were answered."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

ORIGIN_NS = 10**12
"""The start of the measurement window on the clock."""
WORKERS = (4001, 4002, 4003, 4004)
ROUTES = ("/wait", "/hello")
SoFar = Callable[[Any], Any]


def write_scrapes(path: Path, rows: Any, measure_s: float) -> None:
    """A scrape each second of the window and one at its end; `rows` as they were answered."""
    times_s = np.append(np.arange(0.0, measure_s, 1.0), measure_s)
    seen = np.searchsorted(rows["done_ns"], times_s * 1e9)

    def so_far(values: Any) -> Any:
        """The sum of a column over all rows that had been answered at each of these times."""
        return np.append(0, np.cumsum(values))[seen]

    columns = dict([*_of_workers(rows, so_far), *_of_routes(rows, so_far)])
    columns |= dict(_of_server(rows, so_far, times_s))
    with gzip.open(path, "wt", compresslevel=1) as file:
        for number, at_s in enumerate(times_s.tolist()):
            text = "".join(f"{name} {values[number]}\n" for name, values in columns.items())
            file.write(json.dumps({"at_ns": ORIGIN_NS + round(at_s * 1e9), "text": text}) + "\n")


def _of_workers(rows: Any, so_far: SoFar) -> Iterator[tuple[str, Any]]:
    for pid in WORKERS:
        mine = rows["worker"] == pid
        labels = f'{{profile="uvloop",worker="{pid}"}}'
        yield f"testbed_worker_requests_total{labels}", so_far(mine)
        yield f"testbed_worker_measured_requests_total{labels}", so_far(mine)
        yield f"testbed_worker_hold_seconds_total{labels}", so_far(np.where(mine, _hold_s(rows), 0))


def _of_routes(rows: Any, so_far: SoFar) -> Iterator[tuple[str, Any]]:
    for target, route in enumerate(ROUTES):
        mine = (rows["target"] == target) & (rows["worker"] != 0)
        labels = f'{{profile="uvloop",http_route="{route}"}}'
        yield f"testbed_requests_total{labels}", so_far(mine)
        yield f"testbed_request_hold_seconds_count{labels}", so_far(mine)
        yield f"testbed_request_hold_seconds_sum{labels}", so_far(np.where(mine, _hold_s(rows), 0))


def _of_server(rows: Any, so_far: SoFar, times_s: Any) -> Iterator[tuple[str, Any]]:
    """By Little's law, as many are active as begin in the time for which one is."""
    stay_s = (rows["cpu_us"] + rows["wait_us"] - 2.0).clip(min=0.0) / 1e6
    rate = len(rows) / (rows["done_ns"][-1] - rows["done_ns"][0]) * 1e9
    yield "http_server_request_duration_seconds_count", so_far(rows["worker"] != 0)
    yield "http_server_request_duration_seconds_sum", so_far(stay_s)
    yield "testbed_active_request_seconds_total", so_far(stay_s)
    yield "testbed_sampled_seconds_total", times_s + 1.0
    yield "http_server_active_requests", np.full(len(times_s), rate * float(stay_s.mean()))
    yield "testbed_open_connections", np.full(len(times_s), 500.0)


def _hold_s(rows: Any) -> Any:
    return (rows["hold_us"] - 1.0).clip(min=0.0) / 1e6
