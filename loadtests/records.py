"""What a trial leaves beside its samples: what generator, server and workers say of themselves."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from loadtests.plan import Record
from loadtests.workload import Load, Role


class SpecRecord(Record):
    """Which trial of its run it is; what the workload asks for is in the experiment."""

    number: int = Field(ge=1)
    profile: str
    workload: str
    load: Load
    repetition: int
    seed: int
    measure_s: float
    role: Role
    arm: int
    attempt: int


class GeneratorReport(Record):
    """What the generator says of itself: its clock, its schedule, and how it fared.

    CPU and run-queue delay are those of the engine's thread over warm-up, window and drain;
    `scheduled` counts the requests of this process, whatever became of them.
    """

    schedule_digest: str
    share: int
    scheduled: int
    loop: str
    cpu_s: float
    run_delay_s: float | None
    wall_s: float = Field(gt=0.0)
    connections: int


class UsagePoint(Record):
    """What the server's processes had used at one moment of the monotonic clock."""

    at_ns: int
    cpu_s: float
    rss_bytes: int


class Stack(Record):
    """Where requests of a route were found holding their worker, thread or loop.

    `frames` are `file:line function`, the innermost first, with files relative to the project or
    to their package; `samples` counts how often, every few milliseconds, they were found there.
    """

    route: str
    samples: int
    held_ms: float
    frames: tuple[str, ...]


class ServerRecord(Record):
    """What the running server was: its command, its workers' facts, and what it used.

    `command` begins with `python`, so that a result does not carry the paths of its machine.
    `lost_workers` are the process ids of workers that did not live to the end of the trial. One
    that was `standing` ran before: its command is where it was found, and its use that of workers.
    """

    profile: str
    command: tuple[str, ...]
    facts: tuple[dict[str, Any], ...] = Field(min_length=1)
    unverified: tuple[str, ...]
    ready_s: float
    usage: tuple[UsagePoint, ...]
    lost_workers: tuple[int, ...]
    pinned: bool
    standing: bool = False
    stacks: tuple[Stack, ...] = ()


class SliceRecord(Record):
    """A piece of a captured request on a lane, in nanoseconds of the monotonic clock."""

    lane: str
    state: Literal["run", "block"]
    from_ns: int
    to_ns: int


class CourseRecord(Record):
    """What a worker wrote of a captured request, which is named by its intended time."""

    request: str = Field(pattern="^[0-7][0-9a-f]{15}$")
    pid: int
    route: str
    began_ns: int
    ended_ns: int
    slices: tuple[SliceRecord, ...]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ended_ns < self.began_ns:
            raise ValueError(f"ended_ns is {self.ended_ns}, before began_ns {self.began_ns}")
        return self

    @property
    def intended_ns(self) -> int:
        """When it was due, on the monotonic clock."""
        return int(self.request, 16)
