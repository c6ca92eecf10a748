"""A plan run to its end in this process, and its samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np
import numpy.typing as npt

from loadtests.engine.engine import Engine
from loadtests.engine.generator import Share, generate
from loadtests.plan import ArrivalStream, GeneratorPlan, Target, UserStream
from loadtests.records import GeneratorReport
from loadtests.samples import Outcome
from tests.loadtests.proof import one_slot

ATTEMPTS = 4
LATE_MS = 2.0
HELLO = Target(number=0, stream="load", path="/hello", url="/hello", weight=1.0)


@dataclass(frozen=True)
class Driven:
    """What a generator did: its samples as a structured array, in the order intended."""

    plan: GeneratorPlan
    report: GeneratorReport
    rows: Any

    @property
    def window(self) -> Any:
        """The samples that were intended in the measurement window."""
        return self.rows[self.rows["intended_ns"] >= 0]

    @property
    def lateness_p99_ms(self) -> float:
        """How late the generator was: the host's health."""
        sent = self.rows["sent_ns"] - self.rows["connect_ns"] - self.rows["intended_ns"]
        return float(np.quantile(sent, 0.99)) / 1e6


def plan(port: int, *, rate: float = 0.0, users: int = 0, **changes: Any) -> GeneratorPlan:
    """An open plan at a rate, or a closed one with users."""
    open_ = ArrivalStream(name="load", arrivals="poisson", rate=rate or 1.0, targets=(HELLO,))
    think_s = changes.pop("think_s", 0.0)
    closed = UserStream(name="load", users=users, think_s=think_s, targets=(HELLO,))
    fields: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "seed": 42,
        "origin_ns": 0,
        "warmup_s": 0.5,
        "measure_s": 4.0,
        "drain_s": 3.0,
        "max_in_flight": 5_000,
        "arrivals": (open_,) if rate else (),
        "users": (closed,) if users else (),
        "folder": Path(),
    }
    return GeneratorPlan(**{**fields, **changes})


def from_now(wanted: GeneratorPlan) -> GeneratorPlan:
    """The plan with its warm-up beginning soon."""
    origin_ns = perf_counter_ns() + int((wanted.warmup_s + 0.2) * 1e9)
    return wanted.model_copy(update={"origin_ns": origin_ns})


def drive(wanted: GeneratorPlan, share: Share | None = None) -> Driven:
    """Run a plan from now on."""
    wanted = from_now(wanted)
    engines: list[Engine] = []
    report = generate(wanted, engines.append, share)
    rows = np.concatenate([chunk.columns() for chunk in engines[0].recorder.full])
    return Driven(wanted, report, rows[np.argsort(rows["intended_ns"], kind="stable")])


def against_one_slot(service_ms: float, wanted: Callable[[int], GeneratorPlan]) -> Driven:
    """Drive a one-slot server: the first of a few attempts in which the host let both be punctual.

    A busy host spoils a comparison with theory; it must not decide it.
    """
    seen: list[tuple[float, float]] = []
    for _ in range(ATTEMPTS):
        with one_slot.running(service_ms) as server:
            driven = drive(wanted(server.port))
        seen.append((driven.lateness_p99_ms, server.late_ms))
        if max(seen[-1]) < LATE_MS:
            return driven
    raise AssertionError(f"the host was busy: generator and server were late (p99, ms): {seen}")


def latency_ms(rows: Any) -> npt.NDArray[np.float64]:
    """From the intended time to the answer; every request must have been answered."""
    assert set(rows["outcome"].tolist()) == {Outcome.COMPLETED}
    latency: npt.NDArray[np.float64] = (rows["done_ns"] - rows["intended_ns"]) / 1e6
    return latency


def lindley_ms(intended_ns: npt.NDArray[np.int64], service_ms: float) -> list[float]:
    """Response times of one slot with a fixed service time: W' = max(0, W + S - gap), R = W + S.

    D. V. Lindley, "The theory of queues with a single server", 1952.
    """
    wait_ms = 0.0
    responses: list[float] = []
    for gap_ms in [0.0, *(np.diff(intended_ns) / 1e6).tolist()]:
        wait_ms = max(0.0, wait_ms + service_ms - gap_ms) if responses else 0.0
        responses.append(wait_ms + service_ms)
    return responses
