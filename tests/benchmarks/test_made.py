"""The run that is made for the benchmark is one that the analysis believes, and looks at whole."""

from __future__ import annotations

from pathlib import Path

from loadtests.analysis.analyze import analyze
from loadtests.results import RunFolder
from tests.benchmarks.made import WARMUP_S, make

ROWS = 120_000


def test_a_made_run_is_valid_and_has_all_that_a_real_one_has(tmp_path: Path) -> None:
    make(RunFolder(tmp_path), ROWS)

    (trial,) = analyze(RunFolder(tmp_path)).trials

    assert trial.valid, trial.reasons
    assert trial.warnings == ()
    assert trial.bystander is not None
    counted = trial.requests.scheduled + trial.bystander.requests.scheduled
    assert abs(counted - ROWS / (WARMUP_S + 1.0)) < 1_000
    assert trial.requests.failed > 10
    assert trial.errors == {"status 503": trial.requests.failed}
    assert trial.split is not None
    assert trial.split.stamped == 1.0
    assert trial.split.slowest is not None
    assert (len(trial.workers), len(trial.courses), len(trial.timeline)) == (4, 50, 2)
    assert trial.server_side is not None
    assert {check.law for check in trial.laws} <= {"little", "utilisation"}
    assert all(check.holds for check in trial.laws), trial.laws
    assert [hold.route for hold in trial.holds] == ["/wait", "/hello"]
