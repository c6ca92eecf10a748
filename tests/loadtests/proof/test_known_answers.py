"""A server whose every answer is known in advance: what is measured must be that."""

from __future__ import annotations

import numpy as np
import pytest

from loadtests.analysis import summary_json
from loadtests.engine.schedule import make
from loadtests.plan import ArrivalStream
from tests.loadtests import mini
from tests.loadtests.proof.drive import (
    HELLO,
    against_one_slot,
    latency_ms,
    lindley_ms,
    plan,
)

SERVICE_MS = 20.0


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.parametrize("utilisation", [0.5, 0.8])
def test_one_slot_under_poisson_arrivals_is_measured_as_lindley_says(utilisation: float) -> None:
    """The recursion runs over the very same schedule, so there is no sampling noise."""
    rate = utilisation * 1000 / SERVICE_MS
    # Both sides spin: what a host takes to wake them is not what is looked at here.
    driven = against_one_slot(
        SERVICE_MS, lambda port: plan(port, rate=rate, measure_s=4.0, spin=True)
    )

    measured = latency_ms(driven.rows)
    expected = np.array(lindley_ms(driven.rows["intended_ns"], SERVICE_MS))
    assert len(measured) >= 100
    assert np.mean(measured) == pytest.approx(np.mean(expected), rel=0.03)
    assert np.median(np.abs(measured - expected)) < 0.5


@pytest.mark.parametrize("utilisation", [0.5, 0.8])
def test_the_schedules_themselves_queue_as_md1_says(utilisation: float) -> None:
    """Mean wait in M/D/1 is ρS / 2(1 - ρ) (Pollaczek and Khinchine)."""
    rate = utilisation * 1000 / SERVICE_MS
    stream = ArrivalStream(name="load", arrivals="poisson", rate=rate, targets=(HELLO,))
    schedule = make((stream,), 3, 0.0, 500_000 / rate)

    responses = lindley_ms(np.array(schedule.intended_ns), SERVICE_MS)

    wait_ms = utilisation * SERVICE_MS / (2 * (1 - utilisation))
    assert np.mean(responses) == pytest.approx(SERVICE_MS + wait_ms, rel=0.03)


MIXTURE = """
name = "mixture"
question = "Does a programmed distribution come back?"
seed = 5
warmup_s = 0.5
measure_s = 6.0
retries = 0
profiles = ["uvloop"]
[[workloads]]
name = "mixture"
requests = [
  { path = "/wait", params = { ms = 10 }, weight = 60.0 },
  { path = "/wait", params = { ms = 40 }, weight = 30.0 },
  { path = "/wait", params = { ms = 160 }, weight = 8.0 },
  { path = "/wait", params = { ms = 320 }, weight = 2.0 },
]
[[loads]]
mode = "open"
name = "150/s"
rate = 150.0
"""


@pytest.mark.alone
@pytest.mark.slow
def test_a_programmed_distribution_comes_back_from_engine_to_summary(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Cumulated: 60 % wait 10 ms, 90 % at most 40 ms, 98 % at most 160 ms, all 320 ms."""
    folder = tmp_path_factory.mktemp("mixture")
    (folder / "mixture.toml").write_text(MIXTURE)
    for attempt in range(3):
        output = folder / str(attempt)
        code, _, err = mini.run("run", folder / "mixture.toml", "--output", output)
        assert code == 0, err
        (trial,) = summary_json.read(output / "summary.json").trials
        if trial.valid and (trial.lateness_p99_ms or 0.0) < 2.0:
            break

    curve = dict(trial.latency_ms.curve)
    programmed = {0.3: 10.0, 0.5: 10.0, 0.7: 40.0, 0.85: 40.0, 0.95: 160.0, 0.99: 320.0}
    for quantile, wait_ms in programmed.items():
        assert wait_ms <= curve[quantile] <= wait_ms + 5.0, quantile
