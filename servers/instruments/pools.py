"""How full the pools of a worker are, as their own objects say, into its ledger."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from typing import Any

from servers import live_servers
from servers.instruments.meter import Meter

Reading = tuple[int, int, int | None]
"""Places, places taken, and who waits for one; None where nobody waits within the process."""
Asked = Mapping[str, Callable[[], Reading | None]]
"""How each of some pools is asked, by name."""
NONE: Asked = {}


class PoolMeter:
    """Some pools of one worker by name. A pool that cannot be read yet is not counted yet."""

    def __init__(self, meter: Meter, pools: Asked) -> None:
        self._meter, self._pools = meter, pools

    def read(self) -> None:
        """Read all pools into the ledger."""
        series, cells = self._meter.ledger.series, self._meter.cells
        for name, ask in self._pools.items():
            if (reading := ask()) is not None:
                slots, busy, waiting = reading
                cells[series("testbed_pool_slots", name)] = slots
                cells[series("testbed_pool_busy_slots", name)] = busy
                if waiting is not None:
                    cells[series("testbed_pool_waiting_requests", name)] = waiting


def of_loop(meter: Meter, app: Any, own: Asked = NONE) -> PoolMeter:
    """AnyIO's worker threads and the process pool of the asynchronous twin, and its `own`."""

    def pools() -> Any:
        # They open when the application starts.
        return getattr(app.state, "pools", None)

    return PoolMeter(
        meter,
        {
            "threads": lambda: _tokens(pools(), "threads"),
            "processes": lambda: _tokens(pools(), "places"),
            **own,
        },
    )


def of_threads(meter: Meter, own: Asked = NONE) -> PoolMeter:
    """The executor of gunicorn's threaded worker, whose queue has no bound; the twin's `own`."""
    found: list[Any] = []

    def ask() -> Reading | None:
        if not found:
            executor = getattr(live_servers.gunicorn_worker(), "tpool", None)
            if executor is None:
                return None
            found.append(executor)
        slots, waiting = found[0]._max_workers, found[0]._work_queue.qsize()
        busy = min(round(meter.active()), slots)
        return slots, busy, waiting

    return PoolMeter(meter, {"executor": ask, **own})


def of_greenlets(meter: Meter, own: Asked = NONE) -> PoolMeter:
    """gevent's pool, a greenlet for each connection: when it is full, no more are accepted.

    Beside it the twin's `own`.
    """
    from gevent.pool import Pool

    found: list[Any] = []

    def ask() -> Reading | None:
        if not found:
            found.extend(one for one in gc.get_objects() if type(one) is Pool)
            if not found:
                return None
        return found[0].size, found[0].size - found[0].free_count(), None

    return PoolMeter(meter, {"greenlets": ask, **own})


def _tokens(pools: Any, name: str) -> Reading | None:
    if pools is None:
        return None
    statistics = getattr(pools, name).statistics()
    return int(statistics.total_tokens), statistics.borrowed_tokens, statistics.tasks_waiting
