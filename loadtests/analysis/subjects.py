"""What a run compares: profiles, workloads and loads, part of the shape of `summary.json`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """What a load offered: `mode` open or closed, and its rate or its number of users.

    One that `bursts` has its rate before and after that.
    """

    name: str
    mode: str
    rate_rps: float | None
    users: int | None
    text: str
    bursts: bool = False


@dataclass(frozen=True, slots=True)
class WorkloadSummary:
    """What the requests of a workload do, in words and as request lines with their weights.

    `loads` names the loads that it ran under. Where what its requests call stalled, `stall` says so
    in words that go on after “which”.
    """

    name: str
    description: str
    requests: tuple[str, ...]
    loads: tuple[str, ...] = ()
    stall: str = ""


@dataclass(frozen=True, slots=True)
class ProfileSummary:
    """How a profile served: its factors, its command, and what the running server reported."""

    name: str
    description: str
    command: tuple[str, ...]
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A workload of the experiment that the machine could not run, and why, with the remedy."""

    workload: str
    why: str
