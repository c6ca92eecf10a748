"""How the requests were spread over the workers, and how much of each was taken."""

from __future__ import annotations

import numpy as np

from loadtests.analysis import counters
from loadtests.analysis.instruments import WorkerShare
from loadtests.analysis.quantiles import rounded
from loadtests.analysis.saved import SavedTrial
from loadtests.analysis.scrapes import seconds_between
from loadtests.analysis.split import completed
from loadtests.samples import NEVER
from servers.profiles import PROFILES

SECOND = 1e9


def numbers_of(trial: SavedTrial) -> dict[int, int]:
    """The workers numbered from 1 by process id: those that the server named, and any other."""
    named = {int(fact["pid"]) for fact in trial.server.facts if fact.get("pid")}
    met = {int(pid) for pid in np.unique(trial.samples.worker)} - {0}
    recorded = {record.pid for record in trial.records}
    counted = set(counters.by_worker(trial.scrapes))
    return {pid: n for n, pid in enumerate(sorted(named | met | recorded | counted), 1)}


def workers_of(trial: SavedTrial) -> tuple[WorkerShare, ...]:
    """Each worker's share and occupancy by its own counters, or by the samples where none are.

    Empty where no request was measured.
    """
    return _counted(trial) or _sampled(trial)


def _counted(trial: SavedTrial) -> tuple[WorkerShare, ...]:
    counts, cpu_s = counters.by_worker(trial.scrapes), counters.cpu_of_workers(trial.scrapes)
    window_s = seconds_between(trial.scrapes)
    if not window_s or not any(count.measured for count in counts.values()):
        return ()
    total = sum(count.requests for count in counts.values())
    found = []
    for pid, number in numbers_of(trial).items():
        count = counts.get(pid, counters.Count(0, 0, 0.0))
        # What a request held before the window counts in it, where it ended.
        occupied = min(count.hold_s / (window_s * _slots(trial)), 1.0)
        used = cpu_s[pid] / window_s if pid in cpu_s else None
        share = round(count.requests / total, 4)
        found.append(
            WorkerShare(number, count.requests, share, round(occupied, 4), rounded(used, 4))
        )
    return tuple(found)


def _sampled(trial: SavedTrial) -> tuple[WorkerShare, ...]:
    """By the answers that came.

    A request holds its worker just before it is answered: what of that lies in the window counts,
    whenever the request was intended and whenever it was done.
    """
    answered = completed(trial.samples)
    known = answered.where((answered.worker != 0) & (answered.hold_ns != NEVER))
    window_ns = trial.plan.measure_s * SECOND
    inside = (known.done_ns >= 0) & (known.done_ns < window_ns)
    total = int(np.count_nonzero(inside))
    if not total:
        return ()
    begun_ns = np.maximum(known.done_ns - known.hold_ns, 0)
    held_ns = np.clip(np.minimum(known.done_ns, window_ns) - begun_ns, 0.0, None)
    scale = len(answered.done_ns) / len(known.done_ns)
    found = []
    for pid, number in numbers_of(trial).items():
        mine = known.worker == pid
        requests = int(np.count_nonzero(mine & inside))
        occupied = float(held_ns[mine].sum()) * scale / (window_ns * _slots(trial))
        share = round(requests / total, 4)
        found.append(WorkerShare(number, requests, share, round(occupied, 4)))
    return tuple(found)


def _slots(trial: SavedTrial) -> int:
    """Requests that can hold one worker at once: its threads, or one for a loop or a process."""
    threaded = PROFILES[trial.spec.profile].worker == "gthread"
    return int(trial.server.facts[0].get("threads") or 1) if threaded else 1
