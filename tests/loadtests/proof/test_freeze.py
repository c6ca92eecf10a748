"""A server that stands still for two seconds: everybody who came meanwhile must be seen waiting."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest

from loadtests.samples import Outcome
from tests.loadtests.proof.drive import Driven, drive, plan
from tests.servers.live import running

FREEZE_S = 2.0
RATE = 200.0


def freeze(pid: int, after_s: float) -> None:
    time.sleep(after_s)
    os.kill(pid, signal.SIGSTOP)
    time.sleep(FREEZE_S)
    os.kill(pid, signal.SIGCONT)


@pytest.mark.alone
@pytest.mark.slow
def test_a_frozen_server_shows_latencies_spread_evenly_over_the_freeze() -> None:
    """A closed generator would show a handful of slow requests instead of two fifths of all."""
    with running("uvloop") as server:
        freezing = threading.Thread(target=freeze, args=(server.pid, 2.0))
        freezing.start()
        driven: Driven = drive(plan(server.port, rate=RATE, measure_s=5.0, drain_s=4.0))
        freezing.join()

    rows = driven.window
    assert set(rows["outcome"].tolist()) == {Outcome.COMPLETED}
    latency_s = (rows["done_ns"] - rows["intended_ns"]) / 1e9
    frozen = np.sort(latency_s[latency_s > 0.1])
    # Poisson arrivals in the 1.9 s that show: mean 380, standard deviation below 20.
    assert abs(len(frozen) - RATE * (FREEZE_S - 0.1)) < 5 * 20
    uniform = (frozen - 0.1) / (FREEZE_S - 0.1)
    steps = np.arange(len(frozen) + 1) / len(frozen)
    distance = max(np.max(np.abs(uniform - steps[1:])), np.max(np.abs(uniform - steps[:-1])))
    # Kolmogorov and Smirnov: 2.23/sqrt(n) is exceeded once in ten thousand times.
    assert distance < 2.23 / np.sqrt(len(frozen))
