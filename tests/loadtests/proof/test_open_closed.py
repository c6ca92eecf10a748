"""Open and closed load on the same server at the same mean rate: they differ as theory says."""

from __future__ import annotations

import numpy as np
import pytest

from tests.loadtests.proof.drive import against_one_slot, latency_ms, lindley_ms, plan

pytestmark = [pytest.mark.slow, pytest.mark.alone]
SERVICE_MS = 20.0


def test_the_same_mean_load_waits_when_it_is_open_and_not_when_it_is_closed() -> None:
    """Two users who think 30 ms between requests of 20 ms never meet: X = N / (Z + R) = 40/s,
    R = S. Poisson arrivals at 40/s queue: M/D/1 gives 60 ms."""
    closed = against_one_slot(
        SERVICE_MS, lambda port: plan(port, users=2, think_s=0.030, measure_s=4.0)
    )
    open_ = against_one_slot(SERVICE_MS, lambda port: plan(port, rate=40.0, measure_s=4.0))

    closed_ms, open_ms = latency_ms(closed.window), latency_ms(open_.rows)
    rate = len(closed.window) / 4.0
    assert rate == pytest.approx(2000.0 / (30.0 + np.mean(closed_ms)), rel=0.05)
    assert rate == pytest.approx(40.0, rel=0.08)
    assert np.median(closed_ms) == pytest.approx(SERVICE_MS, abs=1.0)
    expected = np.mean(lindley_ms(open_.rows["intended_ns"], SERVICE_MS))
    assert np.mean(open_ms) == pytest.approx(expected, rel=0.03)
    assert np.mean(open_ms) > 1.5 * np.mean(closed_ms)
