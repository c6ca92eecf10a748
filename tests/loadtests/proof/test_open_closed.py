"""Open and closed load on the same server at the same mean rate: they differ as theory says."""

from __future__ import annotations

import numpy as np
import pytest

from tests.loadtests.proof import one_slot
from tests.loadtests.proof.drive import drive, latency_ms, lindley_ms, plan, punctual

pytestmark = pytest.mark.slow
SERVICE_MS = 10.0


def test_the_same_mean_load_waits_when_it_is_open_and_not_when_it_is_closed() -> None:
    """Two users who think 15 ms between requests of 10 ms never meet: X = N / (Z + R) = 80/s,
    R = S. Poisson arrivals at 80/s queue: M/D/1 gives 30 ms."""
    with one_slot.running(SERVICE_MS) as port:
        closed = punctual(lambda: drive(plan(port, users=2, think_s=0.015, measure_s=5.0)))
        open_ = punctual(lambda: drive(plan(port, rate=80.0, measure_s=5.0)))

    closed_ms, open_ms = latency_ms(closed.window), latency_ms(open_.rows)
    rate = len(closed.window) / 5.0
    assert rate == pytest.approx(2000.0 / (15.0 + np.mean(closed_ms)), rel=0.05)
    assert rate == pytest.approx(80.0, rel=0.08)
    assert np.median(closed_ms) == pytest.approx(SERVICE_MS, abs=1.0)
    expected = np.mean(lindley_ms(open_.rows["intended_ns"], SERVICE_MS))
    assert np.mean(open_ms) == pytest.approx(expected, rel=0.03)
    assert np.mean(open_ms) > 1.5 * np.mean(closed_ms)
