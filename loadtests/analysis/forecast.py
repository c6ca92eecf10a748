"""The predictions of a run: made once, before the trials that they are held against, and kept.

They rest on the trials of low and moderate load, and say where a search for a capacity begins.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from loadtests.agenda import Contender, probe_s
from loadtests.analysis.predicted import Calibration, Prediction
from loadtests.analysis.prediction import predict
from loadtests.analysis.prediction.calibration import calibrate
from loadtests.analysis.prediction.overlay import Curve
from loadtests.analysis.prediction.replay import replayed
from loadtests.analysis.saved import AnalysisError, SavedTrial
from loadtests.analysis.summary import Trial
from loadtests.downstream import stall_of
from loadtests.experiment import Experiment
from loadtests.results import RunFolder, write_whole


def make(experiment: Experiment, trials: Sequence[Trial], folder: RunFolder) -> None:
    """Predict from the trials so far, and write it down. Raises OSError.

    No model here knows of clients that are no ordinary ones, or of what is called and stalls: of
    such workloads nothing is said.
    """
    observer = json.loads(folder.environment.read_text("utf-8")).get("observer")
    budget = experiment.server_budget()
    known = [
        calibrate(profile, workload, budget, trials, observer)
        for workload in experiment.workloads
        if not workload.has_clients and stall_of(experiment, workload) is None
        for profile in workload.profiles or experiment.profiles
    ]
    found = [_predicted(experiment, one) for one in known if one is not None]
    write_whole(folder.predictions, predict.to_json(found))


def _predicted(experiment: Experiment, calibration: Calibration) -> Prediction:
    """What a search will find, where there is one: its probes are short, and so find more."""
    objective = experiment.capacity
    if objective is None:
        return predict.predict(calibration)
    return predict.predict(
        calibration,
        objective.p99_ms,
        lambda rate_rps: probe_s(objective, rate_rps),
        experiment.warmup_s,
    )


def saved(folder: RunFolder) -> tuple[Prediction, ...]:
    """What was predicted; none where nothing was. Raises AnalysisError where it cannot be read."""
    if not folder.predictions.exists():
        return ()
    try:
        return predict.read(folder.predictions.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise AnalysisError(f"{folder.predictions}: not readable ({error})") from None


def guesses(predictions: Sequence[Prediction]) -> dict[Contender, float]:
    """The predicted capacity of each contender in requests/s, where there is any."""
    return {
        (one.workload, one.profile): one.capacity_rps
        for one in predictions
        if one.capacity_rps > 0.0
    }


def replay(predictions: Sequence[Prediction], trial: SavedTrial) -> dict[int, Curve]:
    """The trial's own schedule through the model of its profile and workload, by its number.

    Empty where there is no prediction of it, where it is a probe, and where its load is closed.
    """
    spec = trial.spec
    for one in predictions:
        if (one.workload, one.profile) == (spec.workload.name, spec.profile):
            curve = replayed(trial, one.calibration) if spec.role == "sweep" else None
            return {} if curve is None else {spec.number: curve}
    return {}
