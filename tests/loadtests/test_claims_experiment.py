"""The experiment of the claims holds what each of them reads, within its time."""

from __future__ import annotations

from loadtests import experiment as experiments
from loadtests import matrix
from loadtests.analysis.claims import claims_of
from loadtests.analysis.claims.evidence import REQUESTS
from loadtests.analysis.wording import PAIRS
from tests.loadtests.analysis.claims.built import Case, capacity, summary

CLAIMS = experiments.parse(experiments.find("claims").read_text("utf-8"), "claims.toml")
START_AND_STOP_S = 2.5
TESTABLE = ("immediacy", "concurrency", "blocking", "scalability", "cost", "hybrid")


def test_every_ratio_gets_an_interval() -> None:
    assert CLAIMS.repetitions >= PAIRS


def test_it_takes_less_than_twenty_four_minutes() -> None:
    assert CLAIMS.capacity is not None
    each_s = CLAIMS.warmup_s + CLAIMS.measure_s + START_AND_STOP_S
    (searched,) = (w for w in CLAIMS.workloads if w.name in CLAIMS.capacity.workloads)
    # Some eight probes for each contender, with what they take to start and stop.
    search_s = len(searched.profiles) * (CLAIMS.capacity.seconds + 8 * START_AND_STOP_S)

    assert each_s * len(matrix.trials(CLAIMS)) + search_s < 24 * 60


def test_every_claim_that_is_testable_is_measured_by_it() -> None:
    cases = [
        Case(spec.profile, spec.workload.name, spec.load.rate, aside=1.0)
        for spec in matrix.trials(CLAIMS)
        if spec.repetition == 1 and spec.load.mode == "open"
    ]
    found = (capacity("sync", "wait", 40.0), capacity("asgi", "wait", 900.0))

    verdicts = {c.id: c.verdict for c in claims_of(summary(cases, capacities=found))}

    assert [name for name in TESTABLE if verdicts[name] == "not measured"] == []


def test_a_bystander_has_requests_enough_in_every_trial() -> None:
    assert CLAIMS.bystander is not None
    assert CLAIMS.bystander.rate * CLAIMS.measure_s >= REQUESTS
