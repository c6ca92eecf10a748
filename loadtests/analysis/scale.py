"""How many requests a server has in hand at once as more are asked of it, and what each costs.

In hand are those in the application: rate × time there, by Little's law (J. D. C. Little, "A proof
for the queuing formula L = λW", Operations Research 9(3), 1961). The others queue before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loadtests.analysis.costs import memory_mb
from loadtests.analysis.decisions import ScalePoint
from loadtests.analysis.limits import Seen, limit_of
from loadtests.analysis.summary import Trial
from loadtests.experiment import Experiment
from loadtests.workload import ClosedLoad, Workload

ALL_SHARE = 0.95
"""With this share of its users in hand a server has them all: the rest are on their way."""
LEAST_MB, LEAST_SHARE = 1.0, 0.02
"""A growth below these may be the allocators': it says nothing of a request."""
KIB_PER_MIB = 1024.0


def scale_of(
    trials: Sequence[Trial], experiment: Experiment, environment: Mapping[str, Any]
) -> tuple[ScalePoint, ...]:
    """A point for each valid trial of closed users who do not think and whose requests wait.

    By workload, profile, users and repetition. Without two numbers of users there is no scale.
    `environment` is that of the run: its `memory_mb` and `open_files` are limits.
    """
    users = users_of(experiment)
    waiting = {workload.name for workload in experiment.workloads if _waits(workload)}
    mine = [t for t in trials if t.workload in waiting and t.load in users and t.valid]
    mine = [t for t in mine if t.arm == 1]
    found: list[ScalePoint] = []
    for workload, profile in dict.fromkeys((t.workload, t.profile) for t in mine):
        series = [t for t in mine if (t.workload, t.profile) == (workload, profile)]
        series.sort(key=lambda trial: (users[trial.load], trial.repetition))
        if users[series[-1].load] > users[series[0].load]:
            found += [_point(t, users, series, experiment, environment) for t in series]
    return tuple(found)


def users_of(experiment: Experiment) -> dict[str, int]:
    """The users of each closed load without think time: so many requests are asked for at once."""
    closed = (load for load in experiment.loads if isinstance(load, ClosedLoad))
    return {load.name: load.users for load in closed if not load.think_s}


def in_hand(trial: Trial) -> float | None:
    """How many requests were in the application on average; None where none was measured."""
    if trial.split is None:
        return None
    inside_ms = trial.split.all.cpu_ms + trial.split.all.wait_ms
    return trial.achieved_rps * inside_ms / 1000.0


def _waits(workload: Workload) -> bool:
    """Whether all that its requests do is to wait for as long as they say."""
    return all(
        request.numbers.get("ms", 0) > 0 and not request.endpoint.holds
        for request in workload.variants
    )


def _point(
    trial: Trial,
    users: Mapping[str, int],
    series: Sequence[Trial],
    experiment: Experiment,
    environment: Mapping[str, Any],
) -> ScalePoint:
    held, memory, asked = in_hand(trial), memory_mb(trial), users[trial.load]
    kb = _kb_per_waiting(trial, _fewest(series, trial))
    load = next(load for load in experiment.loads if load.name == trial.load)
    window_s = experiment.window_s(load)
    cpu = None if trial.cpu_s is None else trial.cpu_s / window_s
    limit, text = "", _all_in_hand(trial.profile, asked, memory, kb, cpu)
    if held is None:
        text = (
            f"{trial.profile}: too few of {asked:,} at once were answered to tell how many it held."
        )
    elif held < ALL_SHARE * asked:
        budget = experiment.server_budget()
        hit = limit_of(Seen(trial, held, window_s, budget, environment))
        limit = hit.name if hit else ""
        why = hit.why if hit else "no instrument names what it hit"
        text = f"{trial.profile} has {_count(held)} of {asked:,} in hand: {why}."
    return ScalePoint(
        profile=trial.profile,
        workload=trial.workload,
        users=asked,
        trial=trial.number,
        in_hand=_rounded(held, 1),
        answered_rps=trial.achieved_rps,
        p50_ms=trial.latency_ms.p50,
        memory_mb=memory,
        kb_per_waiting=_rounded(kb, 1),
        cpu_share=_rounded(cpu, 3),
        limit=limit,
        text=text,
    )


def _all_in_hand(
    profile: str, asked: int, memory: float | None, kb: float | None, cpu: float | None
) -> str:
    costs = [
        "" if memory is None else f"{memory:,.0f} MiB",
        "" if kb is None else f"{kb:.2g} KiB for each that waits",
        "" if cpu is None else f"{_share(cpu)} of a processor",
    ]
    told = ", ".join(filter(None, costs))
    what = "its one request" if asked == 1 else f"all {asked:,} requests"
    return f"{profile} has {what} in hand{f': {told}' if told else ''}."


def _share(cpu: float) -> str:
    return f"{cpu:.0%}" if cpu >= 0.01 else "less than 1%"


def _count(held: float) -> str:
    return f"{held:,.0f}" if held >= 10 else f"{held:.1f}"


def _fewest(series: Sequence[Trial], trial: Trial) -> Trial:
    """The trial with the fewest users, of the same repetition if there is one."""
    fewest = [other for other in series if other.load == series[0].load]
    return next((t for t in fewest if t.repetition == trial.repetition), fewest[0])


def _kb_per_waiting(trial: Trial, fewest: Trial) -> float | None:
    """The memory that was added since the fewest users, for each request more in hand."""
    memory, held = memory_mb(trial), in_hand(trial)
    memory_then, held_then = memory_mb(fewest), in_hand(fewest)
    if memory is None or held is None or memory_then is None or held_then is None:
        return None
    added_mb, added = memory - memory_then, held - held_then
    told = added_mb >= max(LEAST_MB, LEAST_SHARE * memory_then)
    return KIB_PER_MIB * added_mb / added if told and added > 0.0 else None


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
