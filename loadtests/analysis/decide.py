"""Everything that a run decides, from its trials, its capacities and what was predicted."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from loadtests.analysis.advice import advice_of
from loadtests.analysis.claims import claims_of
from loadtests.analysis.cliffs import cliffs_of
from loadtests.analysis.costs import costs_of
from loadtests.analysis.decisions import Decisions
from loadtests.analysis.diagnosis import diagnoses_of
from loadtests.analysis.noise import noise_floor
from loadtests.analysis.predicted import Prediction
from loadtests.analysis.prediction.overlay import Curve, with_measurements
from loadtests.analysis.scale import scale_of
from loadtests.analysis.summary import Summary
from loadtests.analysis.usl import usl_of
from loadtests.experiment import Experiment


def with_decisions(
    summary: Summary,
    experiment: Experiment,
    predictions: Sequence[Prediction],
    replays: Mapping[int, Curve],
) -> Summary:
    """The summary with all that follows from it; `replays` are predicted curves by trial number."""
    trials, capacities = summary.trials, summary.capacities
    decided = Decisions(
        predictions=with_measurements(predictions, trials, capacities, replays),
        costs=costs_of(trials, capacities, experiment.price),
        diagnoses=diagnoses_of([t for t in trials if t.role != "probe" and t.arm == 1]),
        scale=scale_of(trials, experiment, summary.environment),
        cliffs=cliffs_of(trials, experiment),
        usl=usl_of(trials, experiment),
        noise=noise_floor(trials),
    )
    known = dataclasses.replace(summary, decisions=decided)
    # These weigh up what is known by now.
    told = dataclasses.replace(decided, claims=claims_of(known), advice=advice_of(known))
    return dataclasses.replace(known, decisions=told)
