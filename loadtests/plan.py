"""What the runner asks of one generator process: a JSON file, written when the server is ready.

The generator never reads the experiment. It is told a port and streams, and it answers with
samples and a report of itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from loadtests.clients import Client

STAMPED_RPS = 250.0
"""Requests a second that are asked for their split: all of a moderate load, and of a higher one as
many, 2,500 in ten seconds. More would be a load of their own: `sync` serves little over a thousand
a second on a slow host."""


class Record(BaseModel):
    """What is written to JSON files: immutable, and no key that is not declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Address(NamedTuple):
    """Where something listens."""

    port: int
    host: str = "127.0.0.1"


class Target(Record):
    """A request that may be sent: `number` identifies it on its way to the samples.

    `kind` is what it is one of: the variants of a distributed request have theirs in common.
    """

    number: int
    stream: str
    path: str
    url: str
    weight: float
    method: str = "GET"
    body_bytes: int = 0
    kind: str = ""
    client: Client | None = None

    @property
    def line(self) -> str:
        """Its kind, or where it has none to itself its method and URL."""
        return self.kind or f"{self.method} {self.url}"


class Burst(Record, strict=True):
    """`factor` times the rate for `for_s` from `from_s` on, in seconds of the window."""

    factor: float = Field(gt=1.0, le=100.0)
    from_s: float = Field(ge=0.0, le=3600.0)
    for_s: float = Field(ge=0.1, le=3600.0)

    @property
    def until_s(self) -> float:
        """When it is over."""
        return self.from_s + self.for_s

    @property
    def text(self) -> str:
        """What it does, in words."""
        return f"{self.factor:g} times as many from {self.from_s:g} to {self.until_s:g} s"


class Stall(Record, strict=True):
    """Seconds of the window from which on the downstream service answers nobody for a while."""

    from_s: float = Field(ge=0.0)
    for_s: float = Field(gt=0.0, le=600.0)

    @property
    def until_s(self) -> float:
        """When it answers again, those who still wait too."""
        return self.from_s + self.for_s

    @property
    def text(self) -> str:
        """What it does, in words."""
        return f"answers nobody from {self.from_s:g} to {self.until_s:g} s"


class ArrivalStream(Record):
    """An open stream: `rate` arrivals a second, each drawn by weight from the targets."""

    name: str
    arrivals: str
    rate: float
    targets: tuple[Target, ...]
    burst: Burst | None = None

    @property
    def peak(self) -> float:
        """The highest rate that it has at any time."""
        return self.rate * (self.burst.factor if self.burst else 1.0)

    def expected(self, seconds: float) -> float:
        """How many arrivals are expected in a time that holds the whole burst, if there is one."""
        more = (self.burst.factor - 1.0) * self.burst.for_s if self.burst else 0.0
        return self.rate * (seconds + more)


class UserStream(Record):
    """A closed stream: `users` who wait for their answer and think for `think_s`."""

    name: str
    users: int
    think_s: float
    targets: tuple[Target, ...]


class Capture(Record):
    """Which requests the server shall write the course of: the first `count` from `from_s` on.

    Seconds count from the start of the measurement window, by the requests' intended times.
    """

    from_s: float
    count: int


class GeneratorPlan(Record):
    """Everything one generator process needs.

    `origin_ns` is the start of the measurement window on the system's monotonic clock. Each of
    `processes` takes its share of every stream and writes files of its own into `folder`.
    With `spin` the engine never sleeps: it is punctual to microseconds, and takes a whole core.
    Up to `stamped_rps` requests a second are asked for their split, all of them at lower rates;
    0 asks none. What the engine counts goes into a ledger in `ledgers`, under `profile`; `run`,
    `workload` and `load` name there what it is. `stall` is of what the server calls, where it does;
    with `failing` some of its calls are to fail.
    """

    host: str
    port: int
    seed: int
    origin_ns: int
    warmup_s: float
    measure_s: float
    drain_s: float
    max_in_flight: int
    arrivals: tuple[ArrivalStream, ...]
    users: tuple[UserStream, ...]
    folder: Path
    processes: int = 1
    spin: bool = False
    profile: str = ""
    run: str = ""
    workload: str = ""
    load: str = ""
    ledgers: Path | None = None
    stamped_rps: float = STAMPED_RPS
    capture: Capture | None = None
    stall: Stall | None = None
    failing: bool = False

    def samples(self, share: int) -> Path:
        """Where a process writes its samples."""
        return self.folder / f"samples{_suffix(share)}.parquet"

    def report(self, share: int) -> Path:
        """Where a process writes what it says of itself."""
        return self.folder / f"generator{_suffix(share)}.json"

    @property
    def targets(self) -> tuple[Target, ...]:
        """All targets in the order of their numbers."""
        streams: tuple[ArrivalStream | UserStream, ...] = (*self.arrivals, *self.users)
        targets = (target for stream in streams for target in stream.targets)
        return tuple(sorted(targets, key=lambda target: target.number))


def _suffix(share: int) -> str:
    return f"-{share}" if share else ""
