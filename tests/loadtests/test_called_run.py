"""A run for real whose requests call a downstream service that stalls for a moment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import psutil
import pytest

from loadtests import samples
from loadtests.analysis import summary_json
from loadtests.results import RunFolder
from loadtests.samples import Outcome
from tests.loadtests import mini

TEXT = """
name = "calls"
question = "Who waits for whom?"
seed = 11
warmup_s = 0.5
measure_s = 2.0
drain_s = 2.0
retries = 2
profiles = ["gthread", "uvloop"]
[budget]
slots = 32
[downstream]
distribution = "exponential"
stall = { from_s = 0.5, for_s = 0.4 }
[[workloads]]
name = "call"
requests = [{ path = "/downstream", params = { calls = 2, ms = 20 } }]
[[loads]]
mode = "open"
name = "60/s"
rate = 60.0
"""


@pytest.mark.alone
def test_a_run_has_its_downstream_and_says_what_it_did(tmp_path: Path) -> None:
    (tmp_path / "calls.toml").write_text(TEXT)
    folder = RunFolder(tmp_path / "run")

    code, out, err = mini.run("run", tmp_path / "calls.toml", "--output", folder.path)

    assert (code, err) == (0, ""), out
    summary = summary_json.read(folder.summary)
    means: dict[str, float | None] = {}
    for trial, saved in zip(summary.trials, folder.saved(), strict=True):
        called = trial.downstream
        assert called is not None
        # One that the host has spoiled is tried again, and says nothing.
        if not trial.valid:
            continue
        means[trial.profile] = called.latency_ms
        found = samples.read(*saved.samples)
        done_s = found.done_ns[found.outcome == Outcome.COMPLETED] / 1e9
        answered = int(((done_s >= 0) & (done_s < 2.0)).sum())
        assert answered > 60
        # Two calls for each request, but for those at the edges of the window.
        assert abs(called.requests - 2 * answered) <= 20
        assert called.failures == 0
        # A stall of 0.4 s gathers the calls of about 24 requests: of threads one each.
        assert called.active_max >= 15
        assert called.latency_ms == pytest.approx(20.0, rel=0.35)
        assert 0.0 < called.cpu < 0.9
        assert trial.split is not None
        mean_ms = trial.split.all.wait_ms
        assert mean_ms > 1.5 * 20.0
        assert not saved.downstream_log.read_text().count("Traceback")
        _stalled(done_s)
        assert trial.bad_day is not None
        assert trial.bad_day.recovery is not None
        assert (trial.bad_day.recovery.ended_s, trial.bad_day.recovery.after) == (0.9, "stall")
    assert [workload.stall for workload in summary.workloads] == [
        "answers nobody from 0.5 to 0.9 s"
    ]
    # The draws are the same for both, and so is the downstream's own mean.
    assert means.keys() == {"gthread", "uvloop"}
    assert means["gthread"] == pytest.approx(means["uvloop"], rel=0.2)
    assert not [
        one.pid
        for one in psutil.process_iter(["cmdline"])
        if str(folder.path) in " ".join(one.info["cmdline"] or ())
    ]


def _stalled(done_s: npt.NDArray[np.float64]) -> None:
    """Nothing is answered while it stalls, and much is right after."""
    assert not ((done_s > 0.53) & (done_s < 0.9)).any()
    assert ((done_s >= 0.9) & (done_s < 1.1)).sum() > 15
