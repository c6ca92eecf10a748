"""The figures of the server's own instruments, as columns of two tables.

TIMES are those of the requests; `host` gives what the server's processes and their host counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dashboards.report.columns import Column
from dashboards.report.format import count, figure
from loadtests.analysis.instruments import ServerSide, Stall, WorkerShare
from loadtests.analysis.summary import Latency, Trial

Value = Callable[[Trial], float | None]


def _of(read: Callable[[Trial], Latency | None], name: str) -> Value:
    def value(trial: Trial) -> float | None:
        found = read(trial)
        return None if found is None else getattr(found, name)

    return value


def _side(read: Callable[[ServerSide], float | None]) -> Value:
    return lambda trial: None if trial.server_side is None else read(trial.server_side)


def _stall(read: Callable[[Stall], float | None]) -> Value:
    return _side(lambda side: None if side.stall is None else read(side.stall))


def _of_worker(
    read: Callable[[WorkerShare], float | None], choose: Callable[[list[float]], float]
) -> Value:
    def value(trial: Trial) -> float | None:
        found = [100 * one for worker in trial.workers if (one := read(worker)) is not None]
        return choose(found) if found else None

    return value


def _stalled(trial: Trial) -> bool:
    side = trial.server_side
    return side is not None and side.stall is not None and side.stall.at_least


def _switches(trial: Trial) -> float | None:
    side, beside = trial.server_side, trial.bystander
    answered = trial.requests.completed + (beside.requests.completed if beside else 0)
    if side is None or side.voluntary_switches is None or not answered:
        return None
    return (side.voluntary_switches + (side.involuntary_switches or 0)) / answered


def _column(
    heading: str,
    unit: str,
    value: Value,
    meaning: str,
    show: Callable[[float | None], str] = figure,
    floor: Callable[[Trial], bool] = lambda _trial: False,
    sign: str = "",
) -> Column:
    return Column(heading, unit, value, meaning, show, optional=True, floor=floor, sign=sign)


TIMES = (
    _column(
        "queue p50", "ms", _of(lambda t: t.queue_ms, "p50"),
        "From being sent until the first line of the service runs: every queue on the way.",
    ),
    _column(
        "queue p99", "ms", _of(lambda t: t.queue_ms, "p99"),
        "99 requests in a hundred waited at most this long before the service began.",
    ),
    _column(
        "hold p50", "ms", _of(lambda t: t.hold_ms, "p50"),
        "Half of the requests kept their worker, thread or loop from others for at most this long, "
        "in the application.",
    ),
    _column(
        "hold p99", "ms", _of(lambda t: t.hold_ms, "p99"),
        "99 requests in a hundred kept it for at most this long.",
    ),
    _column(
        "longest step", "ms", _of(lambda t: t.step_ms, "max"),
        "The longest time in one piece for which a request held its worker, thread or loop.",
    ),
    _column(
        "occupied by the application", "%, most", _of_worker(lambda w: w.occupancy, max),
        "Share of the window for which requests kept a worker, or all its threads, in the "
        "application: of the worker of which it is most. The server’s own work is not in it.",
    ),
    _column(
        "occupied", "%, least", _of_worker(lambda w: w.occupancy, min),
        "The same of the worker of which it is least.",
    ),
    _column(
        "worker CPU", "%, most", _of_worker(lambda w: w.cpu, max),
        "Share of a processor that a worker used, the server’s own work with it. Where it is high "
        "and the application occupies little, the server itself is busy.",
    ),
    _column(
        "stall mean", "ms", _stall(lambda s: s.mean_ms),
        "What a callback due at a random moment waited for its event loop; loops only.",
        floor=_stalled,
    ),
    _column(
        "stall p99", "ms", _stall(lambda s: s.p99_ms),
        "99 in a hundred of them waited at most this long: the bound of a histogram’s bucket. ≥ "
        "where the window ended in a long stall: the end of that is not known.",
        floor=_stalled, sign="≤",
    ),
)  # fmt: skip
ACCEPT_QUEUE = (
    _column(
        "accept queue", "connections", _side(lambda s: s.accept_queue_max),
        "The most connections that waited to be accepted. Most models accept at once and queue "
        "elsewhere: never compare this figure alone.",
        count,
    ),
    _column(
        "its limit", "connections", _side(lambda s: s.accept_queue_limit),
        "How many may wait there before the kernel refuses more.",
        count,
    ),
)  # fmt: skip
COSTS = (
    _column(
        "switches", "per request", _switches,
        "Context switches of the server’s threads, to wait or for another, by answered request; "
        "those of the bystander are counted in.",
    ),
    _column(
        "run-queue delay", "s", _side(lambda s: s.run_queue_delay_s),
        "Time that the server’s threads were ready to run and had no processor.",
    ),
    _column(
        "PSS", "MiB", _side(lambda s: s.pss_mb),
        "Memory of all server processes, what they share counted once; the most in the window.",
    ),
)  # fmt: skip


def host(trials: Sequence[Trial]) -> tuple[Column, ...]:
    """Every queue where it lives, each pool that a trial has among them, and what the host saw."""
    sides = [trial.server_side for trial in trials if trial.server_side is not None]
    pools = dict.fromkeys(name for side in sides for name in side.pools)
    return (*ACCEPT_QUEUE, *map(_pool, pools), *COSTS)


def _pool(name: str) -> Column:
    return _column(
        f"{name} waiting",
        "requests",
        _side(lambda side: side.pools.get(name)),
        f"The most requests of a worker that waited for a place in its pool “{name}”.",
        count,
    )
