"""Which trial a saved folder is: written beside its samples, read from there."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from loadtests import matrix
from loadtests.experiment import Experiment
from loadtests.matrix import TrialSpec
from loadtests.records import SpecRecord
from loadtests.results import ResultsError, RunFolder, TrialFolder, write_whole


def write(spec: TrialSpec, folder: TrialFolder) -> None:
    """Write what a trial is. Raises OSError."""
    record = SpecRecord(
        number=spec.number, profile=spec.profile, workload=spec.workload.name, load=spec.load,
        repetition=spec.repetition, seed=spec.seed, measure_s=spec.measure_s, role=spec.role,
        arm=spec.arm, attempt=spec.attempt,
    )  # fmt: skip
    write_whole(folder.spec, record.model_dump_json(indent=1) + "\n")


def saved(folder: RunFolder, experiment: Experiment) -> Iterator[tuple[TrialSpec, TrialFolder]]:
    """Every complete trial of a run, by number. Raises ResultsError naming the file that is bad.

    Runs from before these records had the trials that the experiment names, in that order.
    """
    named = {spec.number: spec for spec in matrix.trials(experiment)}
    for there in folder.saved():
        if there.spec.exists():
            yield _read(there, experiment), there
            continue
        number = int(there.path.name.partition("-")[0])
        if number in named and there.path.name == f"{number}-{named[number].profile}":
            yield named[number], there


def _read(folder: TrialFolder, experiment: Experiment) -> TrialSpec:
    try:
        record = SpecRecord.model_validate_json(folder.spec.read_bytes())
        workload = next(w for w in experiment.workloads if w.name == record.workload)
    except (OSError, ValidationError, StopIteration) as error:
        why = f"{type(error).__name__}" if isinstance(error, StopIteration) else error
        raise ResultsError(
            f"{folder.spec}: does not fit its run ({why}); move {folder.path} away"
        ) from None
    fields = record.model_dump(exclude={"workload", "load"})
    return TrialSpec(**fields, workload=workload, load=record.load)
