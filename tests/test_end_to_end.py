"""The main job on real servers under real load: what the testbed exists to show, in one run."""

from __future__ import annotations

import pytest

from dashboards.report.page import render
from loadtests.analysis import summary_json
from loadtests.analysis.summary import Summary, Trial
from tests.loadtests import mini

pytestmark = [pytest.mark.slow, pytest.mark.alone]

EXPERIMENT = """
name = "saturation"
question = "Does four slots' worth of waiting saturate who it should, and nobody else?"
seed = 11
warmup_s = 1.0
measure_s = 5.0
drain_s = 1.0
retries = 0
profiles = ["sync", "gthread", "uvloop"]
[budget]
slots = 4
[bystander]
rate = 20.0
[[workloads]]
name = "wait"
requests = [{ path = "/wait", params = { ms = 100 } }]
[[loads]]
mode = "open"
name = "100/s"
rate = 100.0
"""
ATTEMPTS = 3


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    """One run in which every trial was valid: a busy host may spoil one, not three."""
    folder = tmp_path_factory.mktemp("end-to-end")
    file = folder / "saturation.toml"
    file.write_text(EXPERIMENT)
    spoilt: list[str] = []
    for attempt in range(ATTEMPTS):
        output = folder / f"run-{attempt}"
        code, _, err = mini.run("run", file, "--output", output)
        assert code == 0, err
        summary = summary_json.read(output / "summary.json")
        if all(trial.valid for trial in summary.trials):
            return summary
        spoilt += [reason.text for trial in summary.trials for reason in trial.reasons]
    raise AssertionError(f"no run of {ATTEMPTS} was valid on this host: {spoilt}")


@pytest.fixture
def trials(measured: Summary) -> dict[str, Trial]:
    return {trial.profile: trial for trial in measured.trials}


def test_each_request_has_exactly_one_fate(measured: Summary) -> None:
    for trial in measured.trials:
        fates = trial.requests
        ended = fates.completed + fates.failed + fates.dropped + fates.censored
        assert fates.scheduled == ended > 400
        assert fates.failed == fates.dropped == 0


def test_all_profiles_were_offered_the_same(measured: Summary) -> None:
    assert len({trial.schedule_digest for trial in measured.trials}) == 1
    assert len({trial.offered_rps for trial in measured.trials}) == 1


@pytest.mark.parametrize("profile", ["sync", "gthread"])
def test_four_slots_of_100_ms_answer_40_a_second_and_no_more(
    trials: dict[str, Trial], profile: str
) -> None:
    """By Little's law four slots hold 40 requests/s of 100 ms each."""
    assert 34.0 <= trials[profile].achieved_rps <= 41.0


@pytest.mark.parametrize("profile", ["sync", "gthread"])
def test_the_latency_of_a_saturated_server_grows_and_grows(
    trials: dict[str, Trial], profile: str
) -> None:
    medians = [instant.p50_ms or 0.0 for instant in trials[profile].timeline]

    assert medians[-1] > medians[0] + 1000.0
    assert trials[profile].requests.censored > 0


def test_the_event_loop_does_not_saturate(trials: dict[str, Trial]) -> None:
    loop = trials["uvloop"]

    assert loop.achieved_rps >= 0.95 * loop.offered_rps
    assert loop.latency_ms.p99 is not None
    assert 100.0 <= loop.latency_ms.p99 < 150.0


def test_a_bystander_waits_for_the_slots_and_not_for_the_loop(trials: dict[str, Trial]) -> None:
    def p90(profile: str) -> float:
        bystander = trials[profile].bystander
        assert bystander is not None
        assert bystander.latency_ms.p90 is not None
        return bystander.latency_ms.p90

    assert p90("uvloop") < 50.0
    assert p90("sync") > 20 * p90("uvloop")


def test_what_the_servers_used_is_in_the_summary(measured: Summary) -> None:
    for trial in measured.trials:
        assert trial.cpu_s is not None
        assert 0.0 < trial.cpu_s < measured.measure_s
        assert trial.rss_mb is not None
        assert trial.rss_mb > 10.0


def test_the_findings_say_it(measured: Summary) -> None:
    by_id = {finding.id: finding.text for finding in measured.findings}

    assert "uvloop answers" in by_id["scalability.wait"]
    assert "s on sync" in by_id["responsiveness.wait"]


def test_the_report_of_a_real_run_can_be_made(measured: Summary) -> None:
    page = render(measured)

    assert measured.question in page.replace("&#39;", "'")
    assert "uvloop" in page
