"""A run's summary: from its files alone, the same wherever they are."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from loadtests import __main__ as door
from loadtests import experiment as experiments
from loadtests import results, samples
from loadtests.analysis import summary_json
from loadtests.analysis.summary_json import SummaryError
from loadtests.results import RunFolder
from loadtests.run.progress import Silent
from loadtests.run.runner import run
from tests.loadtests.analysis.saved import TEXT
from tests.loadtests.fakes import FakeWorld


@pytest.fixture
def saved(tmp_path: Path) -> RunFolder:
    folder = results.create("small", TEXT, tmp_path / "run")
    experiment = experiments.parse(TEXT)
    run(FakeWorld(), experiment, folder, Silent(), (None, None), lambda: {"cpu": "pretended"})
    return folder


def analyze(path: Path) -> bytes:
    assert door.main(["analyze", str(path)]) == 0
    return (path / "summary.json").read_bytes()


def test_a_copied_folder_gives_the_same_summary_to_the_byte(saved: RunFolder) -> None:
    here = analyze(saved.path)
    copy = saved.path.parent / "elsewhere" / "copied"
    shutil.copytree(saved.path, copy)
    (copy / "summary.json").unlink()

    assert analyze(copy) == here


def test_the_summary_reads_back_as_it_was_written(saved: RunFolder) -> None:
    text = analyze(saved.path).decode()

    summary = summary_json.read(saved.summary)

    assert summary_json.to_json(summary) == text
    assert summary.run_id == "run"
    assert summary.environment == {"cpu": "pretended"}
    assert summary.trials[0].latency_ms.p50 == 5.0


def test_in_every_trial_each_request_has_one_fate(saved: RunFolder) -> None:
    data = json.loads(analyze(saved.path))

    assert len(data["trials"]) == 2
    for trial in data["trials"]:
        fates = trial["requests"]
        scheduled = fates.pop("scheduled")
        assert scheduled == sum(fates.values()) > 0


def test_captured_requests_become_a_trace_beside_the_samples(saved: RunFolder) -> None:
    folder = saved.saved()[0]
    plan = json.loads(folder.plan.read_text())
    due_ns = int(samples.read(*folder.samples).intended_ns[40]) + plan["origin_ns"]
    line = {"request": f"{due_ns:016x}", "pid": 101, "route": "/wait", "began_ns": due_ns + 1000,
            "ended_ns": due_ns + 5000, "slices": []}  # fmt: skip
    folder.slices.write_text(json.dumps(line) + "\n")

    summary = json.loads(analyze(saved.path))
    first = folder.trace.read_bytes()
    analyze(saved.path)

    (course,) = summary["trials"][0]["courses"]
    assert (course["worker"], course["route"]) == (1, "/wait")
    assert len(json.loads(first)["traceEvents"]) > 3
    assert folder.trace.read_bytes() == first
    assert not saved.saved()[1].trace.exists()


def test_a_trial_with_a_broken_file_is_named(
    saved: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    (saved.path / "trials" / "1-sync" / "samples.parquet").write_bytes(b"not parquet")

    assert door.main(["analyze", str(saved.path)]) == 1

    assert "1-sync/samples.parquet: no readable samples" in capsys.readouterr().err


def test_a_folder_that_is_no_run_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.main(["analyze", str(tmp_path)]) == 2

    assert "not a run folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "schema_version is None, expected 3"),
        ("[", "not a JSON object"),
        ('{"schema_version": 1}', "schema_version is 1, expected 3"),
        ('{"schema_version": 3, "run_id": 5}', "run_id"),
    ],
)
def test_a_summary_that_cannot_be_read_says_why(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "summary.json"
    path.write_text(text)

    with pytest.raises(SummaryError, match=said):
        summary_json.read(path)
