"""Which trial a saved folder is; also of runs from before that was written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from loadtests import matrix, results, specs
from loadtests.experiment import Experiment, parse
from loadtests.matrix import TrialSpec
from loadtests.results import ResultsError, RunFolder
from loadtests.workload import OpenLoad

TEXT = """
name = "small"
question = "Which is it?"
seed = 7
measure_s = 5.0
profiles = ["sync", "uvloop"]
[[workloads]]
name = "wait"
requests = [{ path = "/wait", params = { ms = 5 } }]
[[loads]]
name = "3 users"
mode = "closed"
users = 3
"""


@pytest.fixture
def experiment() -> Experiment:
    return parse(TEXT)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return results.create("small", TEXT, tmp_path / "run")


def save(folder: RunFolder, spec: TrialSpec, *, told: bool = True) -> None:
    there = folder.begin(spec.number, spec.profile)
    if told:
        specs.write(spec, there)
    folder.complete(there)


def test_what_was_written_is_what_is_read(experiment: Experiment, folder: RunFolder) -> None:
    named = matrix.trials(experiment)[1]
    probe = replace(
        named, number=11, role="probe", measure_s=3.2, attempt=2, arm=2,
        load=OpenLoad(mode="open", name="search 43.1/s", rate=43.1),
    )  # fmt: skip
    for spec in (probe, named):
        save(folder, spec)

    assert [spec for spec, _ in specs.saved(folder, experiment)] == [named, probe]


def test_a_run_without_records_had_the_trials_of_its_experiment_in_their_order(
    experiment: Experiment, folder: RunFolder
) -> None:
    named = matrix.trials(experiment)
    for spec in named:
        save(folder, spec, told=False)
    save(folder, replace(named[0], number=3), told=False)

    assert [spec for spec, _ in specs.saved(folder, experiment)] == list(named)


@pytest.mark.parametrize(
    ("old", "new"), [('"workload": "wait"', '"workload": "jobs"'), ('"number": 1,', "")]
)
def test_a_record_that_does_not_fit_is_named(
    experiment: Experiment, folder: RunFolder, old: str, new: str
) -> None:
    save(folder, matrix.trials(experiment)[0])
    file = folder.trial(1, "sync").spec
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))

    with pytest.raises(ResultsError, match=r"trial\.json: does not fit its run"):
        list(specs.saved(folder, experiment))
