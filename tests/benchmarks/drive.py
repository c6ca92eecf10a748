"""A closed load of `/hello` on one port, in a process of its own; prints answers per second."""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter_ns

import numpy as np

from loadtests.engine.engine import Engine
from loadtests.engine.generator import generate
from loadtests.plan import GeneratorPlan, Target, UserStream
from loadtests.samples import Outcome

USERS = 8
WARMUP_S = 0.5


def main(port: int, measure_s: float) -> float:
    """Answers per second in the measurement window; fails where any request did not complete."""
    hello = Target(number=0, stream="load", path="/hello", url="/hello", weight=1.0)
    engines: list[Engine] = []
    plan = GeneratorPlan(
        host="127.0.0.1",
        port=port,
        seed=1,
        origin_ns=perf_counter_ns() + int((WARMUP_S + 0.1) * 1e9),
        warmup_s=WARMUP_S,
        measure_s=measure_s,
        drain_s=2.0,
        max_in_flight=100,
        arrivals=(),
        users=(UserStream(name="load", users=USERS, think_s=0.0, targets=(hello,)),),
        folder=Path(),
        stamped_rps=0.0,
    )
    generate(plan, engines.append)
    rows = np.concatenate([chunk.columns() for chunk in engines[0].recorder.full])
    if bad := int(np.count_nonzero(rows["outcome"] != Outcome.COMPLETED)):
        raise SystemExit(f"error: {bad} requests did not complete")
    inside = (rows["done_ns"] >= 0) & (rows["done_ns"] < measure_s * 1e9)
    return float(np.count_nonzero(inside)) / measure_s


if __name__ == "__main__":
    print(main(int(sys.argv[1]), float(sys.argv[2])))
