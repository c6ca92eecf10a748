"""What the requests of a workload cost a profile: at its capacity, where that was searched for.

Otherwise at the highest load that it kept up with: nothing failed, and 99 % were answered in time.
A bystander's requests are no part of the cost: what they took is subtracted.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence

from loadtests.analysis.decisions import Capacity, Cost
from loadtests.analysis.keeping_up import kept_up
from loadtests.analysis.summary import Trial
from loadtests.deciding import Price

IDLE = "idle"
"""The workload whose connections have next to nothing to do: it tells what one of them costs."""
MIB_PER_GIB = 1024.0
SECONDS_PER_HOUR = 3600.0


def costs_of(
    trials: Sequence[Trial], capacities: Sequence[Capacity], price: Price | None
) -> tuple[Cost, ...]:
    """The cost of every workload to every profile that kept up with it in a valid trial."""
    usable = [trial for trial in trials if trial.valid and trial.arm == 1]
    found: list[Cost] = []
    for workload, profile in dict.fromkeys((t.workload, t.profile) for t in usable):
        mine = [t for t in usable if (t.workload, t.profile) == (workload, profile)]
        of_it = (c for c in capacities if (c.workload, c.profile) == (workload, profile))
        capacity = next(of_it, None)
        chosen = _nearest_met(mine, capacity) if capacity else []
        if chosen and capacity:
            found.append(_cost(chosen, capacity.rate_rps, price))
        elif chosen := _highest_met(mine):
            rate_rps = statistics.median(trial.achieved_rps for trial in chosen)
            idle_mb = _mb_per_connection(mine) if workload == IDLE else None
            found.append(_cost(chosen, rate_rps, price, idle_mb))
    return tuple(found)


def cpu_ms_per_request(trial: Trial) -> float | None:
    """Processor time of the server for one request of the load, in milliseconds.

    What the handler itself used is known (`split`); the rest is taken to be alike for every
    request, and a bystander's share of it is left out, which is no more than its latency.
    """
    answered = trial.requests.completed
    if trial.cpu_s is None or not answered:
        return None
    beside = trial.bystander.requests.completed if trial.bystander else 0
    total_ms = 1000.0 * trial.cpu_s
    handler_ms = trial.split.all.cpu_ms if trial.split else 0.0
    each_ms = max(0.0, total_ms - answered * handler_ms) / (answered + beside)
    if trial.bystander and trial.bystander.latency_ms.p50 is not None:
        each_ms = min(each_ms, trial.bystander.latency_ms.p50)
    return (total_ms - beside * each_ms) / answered


def memory_mb(trial: Trial) -> float | None:
    """Peak memory of all the server's processes in MiB, what they share counted once if known."""
    if trial.server_side and trial.server_side.pss_mb is not None:
        return trial.server_side.pss_mb
    return trial.rss_mb


def _nearest_met(trials: Sequence[Trial], capacity: Capacity) -> list[Trial]:
    """The probes that met the objective, at the rate nearest to the capacity that was found."""
    numbers = {trial.number: trial for trial in trials if trial.role == "probe"}
    met = [probe for probe in capacity.probes if probe.met and probe.trial in numbers]
    if not met:
        return []
    nearest = min(met, key=lambda probe: abs(probe.rate_rps - capacity.rate_rps)).rate_rps
    return [numbers[probe.trial] for probe in met if probe.rate_rps == nearest]


def _highest_met(trials: Sequence[Trial]) -> list[Trial]:
    """The trials that kept up with the highest load with which most of its trials did."""
    by_load: dict[str, list[Trial]] = {}
    for trial in trials:
        if trial.role != "probe":
            by_load.setdefault(trial.load, []).append(trial)
    kept = [(group, list(filter(kept_up, group))) for group in by_load.values()]
    met = [those for group, those in kept if 2 * len(those) > len(group)]
    return max(met, key=lambda g: statistics.median(t.achieved_rps for t in g), default=[])


def _cost(
    trials: Sequence[Trial], rate_rps: float, price: Price | None, idle_mb: float | None = None
) -> Cost:
    cpu_ms = _median(trials, cpu_ms_per_request)
    memory = _median(trials, memory_mb)
    return Cost(
        profile=trials[0].profile,
        workload=trials[0].workload,
        rate_rps=round(rate_rps, 3),
        trials=tuple(trial.number for trial in trials),
        # So many seconds for 1,000 requests as milliseconds for one.
        cpu_s_per_1000=_rounded(cpu_ms, 4),
        memory_mb=_rounded(memory, 1),
        mb_per_1000_rps=_rounded(memory and 1000.0 * memory / rate_rps, 1) if rate_rps else None,
        mb_per_idle_connection=_rounded(idle_mb, 4),
        money_per_million=_rounded(_money(cpu_ms, memory, rate_rps, price), 4),
        currency=price.currency if price else "",
        kb_per_connection=_rounded(_median(trials, lambda trial: trial.kb_per_connection), 1),
    )


def _money(
    cpu_ms: float | None, memory: float | None, rate_rps: float, price: Price | None
) -> float | None:
    """What a million requests cost: the processor that they use, the memory while they last."""
    if price is None or cpu_ms is None or memory is None or not rate_rps:
        return None
    cpu_hours = 1e6 * cpu_ms / 1000.0 / SECONDS_PER_HOUR
    gb_hours = memory / MIB_PER_GIB * 1e6 / rate_rps / SECONDS_PER_HOUR
    return cpu_hours * price.per_cpu_hour + gb_hours * price.per_gb_hour


def _mb_per_connection(trials: Sequence[Trial]) -> float | None:
    """The memory that was added from the fewest connections to the most, for each of them."""
    points: dict[int, list[float]] = {}
    for trial in trials:
        memory = memory_mb(trial)
        connections = trial.server_side.open_connections_max if trial.server_side else None
        if memory is not None and connections is not None:
            points.setdefault(connections, []).append(memory)
    if len(points) < 2:
        return None
    few, many = min(points), max(points)
    added_mb = statistics.median(points[many]) - statistics.median(points[few])
    return max(0.0, added_mb) / (many - few)


def _median(trials: Iterable[Trial], value: Callable[[Trial], float | None]) -> float | None:
    values = [found for found in map(value, trials) if found is not None]
    return statistics.median(values) if values else None


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
