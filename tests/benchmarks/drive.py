"""A closed load of `/hello` on one port, in a process of its own; prints answers per second."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from loadtests.engine.generator import generate
from loadtests.engine.recorder import Recorder
from loadtests.plan import GeneratorPlan, Target, UserStream
from loadtests.samples import Outcome

USERS = 8


def main(port: int, measure_s: float) -> float:
    """Answers per second in the measurement window; fails where any request did not complete."""
    hello = Target(number=0, stream="load", path="/hello", url="/hello", weight=1.0)
    recorders: list[Recorder] = []
    with tempfile.TemporaryDirectory() as nowhere:
        plan = GeneratorPlan(
            host="127.0.0.1",
            port=port,
            seed=1,
            warmup_s=0.5,
            measure_s=measure_s,
            drain_s=2.0,
            max_in_flight=100,
            arrivals=(),
            users=(UserStream(name="load", users=USERS, think_s=0.0, targets=(hello,)),),
            samples=Path(nowhere, "samples.parquet"),
            report=Path(nowhere, "generator.json"),
        )
        generate(plan, recorders.append)
    chunks = recorders[0].full
    window_ns = measure_s * 1e9
    bad = sum(1 for c in chunks for outcome in c.outcome if outcome != Outcome.COMPLETED)
    if bad:
        raise SystemExit(f"error: {bad} requests did not complete")
    return sum(1 for c in chunks for at in c.done_ns if 0 <= at < window_ns) / measure_s


if __name__ == "__main__":
    print(main(int(sys.argv[1]), float(sys.argv[2])))
