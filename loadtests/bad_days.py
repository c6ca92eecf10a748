"""Which plans make a bad day, and which failures a plan itself asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from loadtests.plan import GeneratorPlan
from loadtests.samples import ErrorKind, Outcome

BAD_GATEWAY, UNAVAILABLE, CALL_TIMED_OUT = 502, 503, 504
_TURNED_AWAY = (UNAVAILABLE, CALL_TIMED_OUT)
_CUT_OFF = (ErrorKind.RESET, ErrorKind.TRUNCATED)


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What comes and goes within the window, and its seconds of it."""

    name: str
    begun_s: float
    ended_s: float


def is_bad(plan: GeneratorPlan) -> bool:
    """Whether anything in a plan is no ordinary load in a steady state."""
    return bool(disturbances(plan)) or has_clients(plan)


def disturbances(plan: GeneratorPlan) -> tuple[Disturbance, ...]:
    """A burst of its load, a stall of what the server calls."""
    bursts = (stream.burst for stream in plan.arrivals)
    found = [Disturbance("burst", one.from_s, one.until_s) for one in bursts if one is not None]
    if plan.stall is not None:
        found.append(Disturbance("stall", plan.stall.from_s, plan.stall.until_s))
    return tuple(found)


def has_clients(plan: GeneratorPlan) -> bool:
    """Whether any of its clients is no ordinary one."""
    return any(target.client is not None for target in plan.targets)


def asked_for(
    plan: GeneratorPlan, status: npt.NDArray[Any], error: npt.NDArray[Any]
) -> npt.NDArray[np.bool_]:
    """Of failures, which speak against no trial, by their `status` and ErrorKind.

    A called service that is to fail fails (502), and where it is to stall, calls are given up
    (504). On a bad day a server that is overrun turns requests away (503, 504) or ends their
    connections: those are missing among the good answers, which is what is measured. Other errors,
    and a server that nobody can connect to, are never asked for.
    """
    found = np.zeros(len(status), dtype=np.bool_)
    if plan.failing:
        found |= status == BAD_GATEWAY
    if is_bad(plan):
        found |= np.isin(status, _TURNED_AWAY) | np.isin(error, _CUT_OFF)
    return found


def judged(plan: GeneratorPlan) -> Callable[[Any], Any]:
    """What takes an engine's rows and leaves those by which the generator's gates may judge.

    Nothing is judged by clients that misbehave, nor by failures that were `asked_for`.
    """
    bad = [target.client is not None and target.client.misbehaves for target in plan.targets]
    behaves = ~np.array(bad, dtype=np.bool_)

    def left(rows: Any) -> Any:
        failed = rows["outcome"] == Outcome.FAILED
        excused = failed & asked_for(plan, rows["status"], rows["error"])
        return rows[behaves[rows["target"]] & ~excused]

    return left
