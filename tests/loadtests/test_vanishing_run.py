"""Clients that vanish, at real servers: a slot waits for nobody to the end, a loop stops."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtests import results
from loadtests.analysis import analyze
from tests.loadtests import mini

pytestmark = [pytest.mark.slow, pytest.mark.runs]

RATE, SHARE, WAIT_S, AFTER_S, MEASURE_S = 40.0, 0.2, 0.4, 0.1, 2.0
TEXT = f"""
name = "vanishing"
question = "What is done for nobody?"
seed = 7
warmup_s = 0.3
measure_s = {MEASURE_S}
drain_s = 1.0
retries = 0
profiles = ["sync", "uvloop"]
[budget]
slots = 8
[[workloads]]
name = "vanishing"
requests = [
    {{ path = "/hello", weight = {1 - SHARE} }},
    {{ path = "/wait", params = {{ ms = {WAIT_S * 1000:.0f} }}, weight = {SHARE}, client = {{ kind = "vanishing", after_ms = {AFTER_S * 1000} }} }},
]
[[loads]]
mode = "open"
name = "many"
rate = {RATE}
arrivals = "constant"
"""  # noqa: E501


def test_what_is_done_for_clients_that_vanish_is_in_the_summary(tmp_path: Path) -> None:
    file, folder = tmp_path / "vanishing.toml", tmp_path / "out"
    file.write_text(TEXT)
    code, _, err = mini.run("run", file, "--output", folder)
    assert code == 0, err
    summary = analyze.analyze(results.existing(folder))
    days = {trial.profile: trial.bad_day for trial in summary.trials}
    wasted = {profile: day.wasted_s for profile, day in days.items() if day is not None}

    # Each of them lets a slot wait for the rest of its time.
    expected_s = RATE * SHARE * MEASURE_S * (WAIT_S - AFTER_S)
    assert wasted["sync"] == pytest.approx(expected_s, rel=0.5)
    loop_s = wasted["uvloop"]
    assert loop_s is not None
    assert loop_s < expected_s / 10
