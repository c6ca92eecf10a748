"""The experiment of the claims holds what each of them reads, within its time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loadtests import experiment as experiments
from loadtests import matrix
from loadtests.analysis.analyze import load_summary, workload_summary
from loadtests.analysis.badday.recovery import FEWEST
from loadtests.analysis.claims import claims_of
from loadtests.analysis.claims.cells import is_synchronous
from loadtests.analysis.claims.evidence import REQUESTS
from loadtests.analysis.summary import Latency, Requests, Stream, Summary
from loadtests.analysis.wording import PAIRS
from loadtests.workload import OpenLoad
from tests.loadtests.analysis.claims.built import Case, capacity, summary
from tests.loadtests.analysis.claims.test_bad_days import bad_day

CLAIMS = experiments.parse(experiments.find("claims").read_text("utf-8"), "claims.toml")
START_AND_STOP_S = 2.5


def measured(without: str = "") -> Summary:
    """A run of it with figures of every kind, where the asynchronous are three times as good."""
    specs = [
        spec
        for spec in matrix.trials(CLAIMS)
        if spec.repetition == 1 and spec.workload.name != without
    ]
    cases = {
        (spec.profile, spec.workload.name, spec.load.name): Case(
            spec.profile, spec.workload.name, spec.load.rate, aside=1.0
        )
        for spec in specs
        if isinstance(spec.load, OpenLoad)
    }
    made = summary(list(cases.values()))
    trials = []
    for trial in made.trials:
        bad = trial.workload in ("slow-and-silent", "burst")
        aside = {"silent": stream()} if trial.workload == "slow-and-silent" else {}
        load = "burst" if trial.workload == "burst" else trial.load
        found = bad_day(10.0 if is_synchronous(trial.profile) else 30.0) if bad else None
        trials.append(replace(trial, load=load, bad_day=found, misbehaving=aside))
    return replace(
        made,
        workloads=tuple(workload_summary(w, CLAIMS) for w in CLAIMS.workloads),
        loads=tuple(load_summary(load) for load in CLAIMS.loads),
        trials=tuple(trials),
        capacities=(capacity("sync", "wait", 40.0), capacity("asgi", "wait", 900.0)),
    )


def stream() -> Stream:
    """Of somebody who misbehaves."""
    return Stream(Requests(5, 5, 0, 0, 0), Latency(None, None, None, None), {})


def test_every_ratio_gets_an_interval() -> None:
    assert CLAIMS.repetitions >= PAIRS


def test_it_takes_less_than_thirty_six_minutes() -> None:
    assert CLAIMS.capacity is not None
    around_s = CLAIMS.warmup_s + START_AND_STOP_S
    trials_s = sum(around_s + spec.measure_s for spec in matrix.trials(CLAIMS))
    (searched,) = (w for w in CLAIMS.workloads if w.name in CLAIMS.capacity.workloads)
    # Some eight probes for each contender, with what they take to start and stop.
    search_s = len(searched.profiles) * (CLAIMS.capacity.seconds + 8 * START_AND_STOP_S)

    assert trials_s + search_s < 36 * 60


def test_every_claim_is_measured_by_it() -> None:
    made = measured()

    assert [c.id for c in claims_of(made) if c.verdict == "not measured"] == []


@pytest.mark.parametrize(
    ("claim", "needs"),
    [("stability", "slow-and-silent"), ("deferral", "later"), ("overload", "burst")],
)
def test_a_claim_about_bad_days_rests_on_the_workload_that_is_there_for_it(
    claim: str, needs: str
) -> None:
    (of_it,) = (c for c in claims_of(measured(without=needs)) if c.id == claim)

    assert of_it.verdict == "not measured"


def test_a_burst_is_long_enough_after_the_beginning_to_know_what_is_usual() -> None:
    (load,) = (load for load in CLAIMS.loads if isinstance(load, OpenLoad) and load.burst)
    assert load.burst is not None

    expected = load.rate * load.burst.from_s
    assert expected - 2.5 * expected**0.5 >= FEWEST


def test_a_bystander_has_requests_enough_in_every_trial() -> None:
    assert CLAIMS.bystander is not None
    assert CLAIMS.bystander.rate * CLAIMS.measure_s >= REQUESTS
