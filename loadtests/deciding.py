"""How an experiment decides: what it predicts from, what it searches for, and when it stops."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from loadtests.tables import Table


class Calibrating(Table):
    """The loads that predictions rest on, low and moderate; they run before all others."""

    loads: tuple[str, ...] = Field(min_length=1)


class Objective(Table):
    """A service-level objective, and how closely the highest rate that meets it is searched for.

    p99 in milliseconds; shares of the requests that may fail, and that must be answered; the
    interval is to be ± `precision`, within about `seconds` of measurement for each contender.
    A contender is a profile under a workload; of all where none are named.
    """

    p99_ms: float = Field(default=250.0, gt=0.0, le=60_000.0)
    error_share: float = Field(default=0.001, ge=0.0, le=0.5)
    achieved_share: float = Field(default=0.99, ge=0.5, le=1.0)
    precision: float = Field(default=0.1, ge=0.01, le=0.5)
    seconds: float = Field(default=60.0, ge=1.0, le=3600.0)
    workloads: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The objective in words."""
        return (
            f"p99 ≤ {self.p99_ms:g} ms, errors ≤ {100 * self.error_share:g} %, "
            f"answered ≥ {100 * self.achieved_share:g} %"
        )


class Stopping(Table):
    """A rule fixed in advance: repeat until a ratio is known well enough, or `most` times.

    It is looked at after each whole repetition from the fifth on: enough is when the 95 % interval
    of every ratio of `metric` between two profiles reaches at most `half_width` to either side.
    """

    metric: Literal["latency_p50_ms", "latency_p99_ms", "bystander_p90_ms", "cpu_s_per_1000"]
    half_width: float = Field(default=0.05, ge=0.005, le=0.5)
    most: int = Field(default=20, ge=5, le=100)


class Price(Table):
    """What a processor and a gibibyte of memory cost by the hour, in the user's currency."""

    currency: str = Field(max_length=8)
    per_cpu_hour: float = Field(ge=0.0)
    per_gb_hour: float = Field(default=0.0, ge=0.0)
