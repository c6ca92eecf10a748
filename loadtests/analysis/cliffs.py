"""Where more requests at once only wait: how many a profile serves at once, and what limits it.

By the asymptotic bounds of operational analysis (P. J. Denning and J. P. Buzen, "The operational
analysis of queueing network models", Computing Surveys 10(3), 1978): with N requests in flight
throughput is at most X, and latency at least N / X. Both meet at the edge N* = X · R, where R is
the latency of a request that is alone. Below it nobody waits for anybody, and beyond it each
request more makes every one later.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loadtests.analysis.decisions import Cliff
from loadtests.analysis.scale import users_of
from loadtests.analysis.summary import Trial
from loadtests.analysis.wording import three_digits
from loadtests.experiment import Experiment
from loadtests.workload import Workload
from servers.budget import Budget
from servers.profiles import PROFILES

LEAST_LEVELS = 4
OVER = 1.5
"""Over the edge is who takes so many times what a request takes that is alone."""
NEAR = 1.3
"""A limit is what made the edge where the two differ by no more than this factor."""
IDLE = ("/hello", "/healthz", "/parity", "/cpu", "/cpu-offload")
"""Who does not wait has no pool to exhaust: what processors limit is told by scalability."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Places that requests take up: what one of them is called, and how many the server has.

    `key` is its name among the pools that a server's instruments read; empty for the worker itself.
    """

    name: str
    places: int
    key: str = ""

    @property
    def text(self) -> str:
        """The places in words: 1 worker, 4 pool processes."""
        many = f"{self.name}es" if self.name.endswith("s") else f"{self.name}s"
        return f"{self.places:,} {self.name if self.places == 1 else many}"


def cliffs_of(trials: Sequence[Trial], experiment: Experiment) -> tuple[Cliff, ...]:
    """The cliff of each workload and profile with valid trials at four numbers of users or more.

    The users do not think, so that as many requests as there are users are in flight all the time.
    There is none where even the fewest may have waited for each other: what a request takes that is
    alone is not known then.
    """
    users = users_of(experiment)
    waiting = {w.name for w in experiment.workloads if _waits(w)}
    mine = [t for t in trials if t.load in users and t.valid and t.arm == 1]
    found = []
    for workload, profile in dict.fromkeys((t.workload, t.profile) for t in mine):
        here = [t for t in mine if (t.workload, t.profile) == (workload, profile)]
        if workload in waiting and len({users[t.load] for t in here}) >= LEAST_LEVELS:
            cliff = _cliff(here, users, experiment.server_budget())
            found += [cliff] if cliff else []
    return tuple(found)


def pools(profile: str, budget: Budget) -> tuple[Pool, ...]:
    """What requests may wait for in a profile, with the number of places in the whole server."""
    row = PROFILES[profile]
    workers = row.worker_processes(budget)
    threads = workers * row.threads(budget)
    own: tuple[Pool, ...] = ()
    if row.worker == "sync":
        own = (Pool("worker", workers),)
    elif row.worker == "gthread":
        own = (Pool("thread", threads, "executor"),)
    elif row.twin == "starlette":
        processes = workers * budget.pool_processes
        own = (
            Pool("event loop", workers),
            Pool("AnyIO token", threads, "threads"),
            Pool("pool process", processes, "processes"),
        )
    database = workers * max(budget.database_connections // workers, 1)
    downstream = workers * budget.downstream_connections
    return (
        *own,
        Pool("database connection", database, "database"),
        Pool("downstream connection", downstream, "downstream"),
    )


def _waits(workload: Workload) -> bool:
    return all(request.path not in IDLE for request in workload.requests)


def _cliff(trials: Sequence[Trial], users: Mapping[str, int], budget: Budget) -> Cliff | None:
    points = _points(trials, users)
    if len(points) < LEAST_LEVELS or not _alone(points[0][0], trials[0].profile, budget):
        return None
    (_, alone_ms), (most, most_ms) = points[0], points[-1]
    profile, workload = trials[0].profile, trials[0].workload
    if most_ms < OVER * alone_ms:
        text = f"{profile} serves {most:,} at once as fast as one: it has no cliff up to there."
        return Cliff(profile, workload, points, None, "", None, text)
    edge = max(_highest(trials, users) * alone_ms / 1000.0, 1.0)
    limit = _limit(trials, users, alone_ms, edge, budget)
    why = f", for it has {limit.text}" if limit else "; no pool of it has so many places"
    late = f"{most:,} at once take {three_digits(most_ms / alone_ms)} times as long as one"
    text = f"{profile} serves {three_digits(edge)} at once{why}: {late}."
    name, places = (limit.name, limit.places) if limit else ("", None)
    return Cliff(profile, workload, points, round(edge, 2), name, places, text)


def _alone(users: int, profile: str, budget: Budget) -> bool:
    """Whether so many wait for nobody: a single one, or fewer than the smallest pool can hold."""
    return users == 1 or users < min(pool.places for pool in pools(profile, budget))


def _points(trials: Sequence[Trial], users: Mapping[str, int]) -> tuple[tuple[int, float], ...]:
    """Users and the median of p50 over their trials, where they have one: from the fewest on."""
    latency: dict[int, list[float]] = {}
    for trial in trials:
        if trial.latency_ms.p50 is not None:
            latency.setdefault(users[trial.load], []).append(trial.latency_ms.p50)
    return tuple((n, statistics.median(found)) for n, found in sorted(latency.items()))


def _highest(trials: Sequence[Trial], users: Mapping[str, int]) -> float:
    """The highest throughput at any number of users, the median over its trials."""
    rates: dict[int, list[float]] = {}
    for trial in trials:
        rates.setdefault(users[trial.load], []).append(trial.achieved_rps)
    return max(map(statistics.median, rates.values()))


def _limit(
    trials: Sequence[Trial],
    users: Mapping[str, int],
    alone_ms: float,
    edge: float,
    budget: Budget,
) -> Pool | None:
    """The pool of the edge's size for which requests waited where there were the most of them."""
    fullest = max(trials, key=lambda trial: users[trial.load])
    found = [
        pool
        for pool in pools(fullest.profile, budget)
        if pool.places / NEAR <= edge <= pool.places * NEAR and _waited(pool, fullest, alone_ms)
    ]
    return min(found, key=lambda p: max(p.places / edge, edge / p.places), default=None)


def _waited(pool: Pool, trial: Trial, alone_ms: float) -> bool:
    """Whether requests waited for a place: in the pool's own queue, or before their worker.

    Before a process they wait in the kernel's queue; for a loop, while others hold it for as long
    as a request takes.
    """
    side = trial.server_side
    if side is None:
        return False
    if pool.key:
        return side.pools.get(pool.key, 0) > 0
    if pool.name == "event loop":
        return bool(trial.hold_ms and (trial.hold_ms.p50 or 0.0) > alone_ms / 2.0)
    return bool(side.accept_queue_max)
