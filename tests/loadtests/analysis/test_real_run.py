"""A real run, analyzed: who was occupied, by what, and whether the clocks of both sides agree."""

from __future__ import annotations

import dataclasses
import json
import statistics

import numpy as np
import pytest

from dashboards.report.page import render
from loadtests import experiment as experiments
from loadtests import results
from loadtests.analysis import summary_json
from loadtests.analysis.checks.laws import laws_of
from loadtests.analysis.instruments import RouteHold
from loadtests.analysis.saved import load
from loadtests.analysis.summary import Summary, Trial
from loadtests.matrix import trials as trials_of
from loadtests.results import RunFolder
from tests.loadtests import mini

pytestmark = [pytest.mark.slow, pytest.mark.alone]

PROFILES = ("sync", "uvloop")
MEASURE_S = 3.0
WORK_MS = 40.0
EXPERIMENT = f"""
name = "held"
question = "Who is held by what?"
seed = 5
warmup_s = 0.5
measure_s = {MEASURE_S}
drain_s = 1.0
capture = 20
capture_from_s = 1.5
profiles = {json.dumps(PROFILES)}
[[workloads]]
name = "both"
requests = [
  {{ path = "/wait", params = {{ ms = 40 }} }}, {{ path = "/blocking", params = {{ ms = 40 }} }},
]
[[loads]]
mode = "open"
name = "30/s"
rate = 30.0
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("held")
    (folder / "held.toml").write_text(EXPERIMENT)
    code, _, err = mini.run("run", folder / "held.toml", "--output", folder / "out")
    assert code == 0, err
    return results.existing(folder / "out")


@pytest.fixture(scope="module")
def summary(run: RunFolder) -> Summary:
    return summary_json.read(run.summary)


@pytest.fixture
def trials(summary: Summary) -> dict[str, Trial]:
    return {trial.profile: trial for trial in summary.trials}


def held(trial: Trial) -> dict[str, RouteHold]:
    return {hold.route: hold for hold in trial.holds}


@pytest.mark.parametrize("profile", PROFILES)
def test_the_workers_count_every_request_of_the_window(
    trials: dict[str, Trial], profile: str
) -> None:
    trial = trials[profile]

    counted = sum(worker.requests for worker in trial.workers)
    assert counted == pytest.approx(trial.achieved_rps * MEASURE_S, rel=0.25)
    # At each edge of the window one may be counted that is not noted yet.
    assert counted == pytest.approx(sum(hold.requests for hold in trial.holds), abs=2)
    assert sum(worker.share for worker in trial.workers) == pytest.approx(1.0, abs=0.001)


def test_whoever_waits_in_a_process_occupies_it_and_uses_no_processor(
    trials: dict[str, Trial],
) -> None:
    workers = trials["sync"].workers

    for hold in held(trials["sync"]).values():
        assert 0.98 * WORK_MS < hold.mean_ms < 3 * WORK_MS
    expected_s = sum(h.requests * h.mean_ms for h in trials["sync"].holds) / 1000
    occupied_s = MEASURE_S * sum(worker.occupancy for worker in workers)
    assert occupied_s == pytest.approx(expected_s, rel=0.1)
    assert len(workers) == 4
    for worker in workers:
        assert worker.cpu is not None
        assert worker.cpu < 0.5


@pytest.mark.parametrize("profile", PROFILES)
def test_both_laws_of_operation_hold(trials: dict[str, Trial], profile: str) -> None:
    """Who samples from outside, who counts inside and who waits for answers tell one story.

    How long so few requests hold a loop is too much a matter of chance for the second law.
    """
    found = {law.law: law for law in trials[profile].laws}

    assert "little" in found
    assert "utilisation" in found or profile != "sync"
    assert [law.text for law in found.values() if not law.holds] == []
    assert not found.keys() & {reason.code for reason in trials[profile].reasons}


@pytest.mark.parametrize("number", [1, 2])
def test_lost_requests_break_littles_law(run: RunFolder, number: int) -> None:
    """The same trials, had the client lost a third of what it saw."""
    specs = trials_of(experiments.parse(run.experiment.read_text()))
    trial = load(specs[number - 1], run.trial(number, PROFILES[number - 1]))
    most = np.arange(len(trial.samples.done_ns)) % 3 != 0
    lossy = dataclasses.replace(trial, samples=trial.samples.where(most))

    assert all(law.holds for law in laws_of(trial))
    assert "little" in [law.law for law in laws_of(lossy) if not law.holds]


def test_on_a_loop_only_the_blocking_route_holds_and_the_loop_is_stalled(
    trials: dict[str, Trial],
) -> None:
    holds, side = held(trials["uvloop"]), trials["uvloop"].server_side

    assert holds["/blocking"].mean_ms > 0.98 * WORK_MS
    assert holds["/blocking"].share > 0.8
    assert holds["/wait"].mean_ms < 0.25 * WORK_MS
    assert side is not None
    assert side.stall is not None
    assert side.stall.counted > 0.9
    # Held for about 0.6 of the time, in pieces of 40 ms: a random arrival waits 12 ms, or longer.
    assert side.stall.mean_ms > 4.0


@pytest.mark.parametrize("profile", PROFILES)
def test_no_answer_is_here_before_it_began_and_none_long_after(
    trials: dict[str, Trial], profile: str
) -> None:
    """Both sides read one clock: what is left of the latency can be checked by it."""
    courses = [course for course in trials[profile].courses if course.answered_ms is not None]
    back_ms = [course.done_ms - (course.answered_ms or 0.0) for course in courses]

    assert len(courses) > 10
    assert min(course.intended_ms for course in courses) >= 1500.0
    assert min(back_ms) > -1.0
    assert statistics.median(back_ms) < 20.0
    assert "clock" not in [warning.code for warning in trials[profile].warnings]


def test_what_a_loop_awaits_is_in_the_trace(run: RunFolder, trials: dict[str, Trial]) -> None:
    waited = [course for course in trials["uvloop"].courses if course.route == "/wait"]
    events = json.loads(run.trial(2, "uvloop").trace.read_text())["traceEvents"]
    begun = [event["ts"] for event in events if event["ph"] == "b"]
    ended = [event["ts"] for event in events if event["ph"] == "e"]

    assert waited
    for course in waited:
        assert sum(high - low for low, high in course.awaited) > 0.9 * WORK_MS
    lengths_ms = [(to - at) / 1000 for at, to in zip(begun, ended, strict=True)]
    assert sum(lengths_ms) > 0.9 * WORK_MS * len(waited)


def test_the_report_shows_them(summary: Summary) -> None:
    # Whether this host was quiet enough for a valid trial is not the question here.
    trials = tuple(dataclasses.replace(t, valid=True, reasons=()) for t in summary.trials)
    page = render(dataclasses.replace(summary, trials=trials))

    assert "occupied by the application" in page
    assert "worker CPU" in page
    assert "Worker by worker" in page
