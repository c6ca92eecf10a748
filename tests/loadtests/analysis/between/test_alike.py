"""Each way in which two runs may be unlike is found and named; a commit is none of them."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from loadtests.analysis.between.alike import unlike
from loadtests.analysis.decisions import Capacity
from loadtests.analysis.summary import Reason, Summary
from tests.loadtests.analysis.simulated import ENVIRONMENT, run

BASE = run(1, repetitions=1)


def texts(b: Summary) -> list[str]:
    return [reason.text for reason in unlike(BASE, b)]


def of_trials(**changes: Any) -> Summary:
    trials = tuple(dataclasses.replace(trial, **changes) for trial in BASE.trials)
    return dataclasses.replace(BASE, trials=trials)


def test_another_run_of_the_same_is_alike_whatever_its_figures_commit_and_length() -> None:
    environment = {**ENVIRONMENT, "commit": "2222222+", "load_average": [9.0], "memory_mb": 16001}

    assert texts(run(2, {"latency_p50_ms": 3.0}, repetitions=3, environment=environment)) == []


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"machine": "aarch64"}, "machine: x86_64 in A, aarch64 in B"),
        ({"cpu": "Other CPU"}, "cpu: Example CPU in A, Other CPU in B"),
        ({"cores": 4}, "cores: 8 in A, 4 in B"),
        ({"usable_cores": 2}, "usable_cores: 8 in A, 2 in B"),
        ({"system": "Linux 6.9"}, "system: Linux 6.8 in A, Linux 6.9 in B"),
        ({"python": "3.13.0"}, "python: 3.11.9 in A, 3.13.0 in B"),
        ({"implementation": "PyPy"}, "implementation: CPython in A, PyPy in B"),
        ({"free_threaded": True}, "free_threaded: False in A, True in B"),
        ({"memory_mb": 8000}, "memory_mb: 16000 in A, 8000 in B"),
        ({"cpu": None}, "cpu: Example CPU in A, not recorded in B"),
        (
            {"packages": {"flask": "3.1.3", "uvicorn": "0.54"}},
            "packages flask: 3.1.2 in A, 3.1.3 in B",
        ),
        ({"packages": {"flask": "3.1.2"}}, "packages uvicorn: 0.54 in A, not recorded in B"),
        (
            {"sysctl": {"net.core.somaxconn": "128"}},
            "sysctl net.core.somaxconn: 4096 in A, 128 in B",
        ),
    ],
)
def test_another_machine_or_software_is_named(changes: dict[str, Any], text: str) -> None:
    b = dataclasses.replace(BASE, environment={**ENVIRONMENT, **changes})

    assert texts(b) == [text]


WORKLOAD, LOAD = BASE.workloads[0], BASE.loads[0]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"seed": 8}, "seed: 7 in A, 8 in B"),
        ({"warmup_s": 1.0}, "warmup_s: 3.0 in A, 1.0 in B"),
        ({"measure_s": 10.0}, "measure_s: 20.0 in A, 10.0 in B"),
        ({"drain_s": 9.0}, "drain_s: 2.0 in A, 9.0 in B"),
        ({"budget": {"slots": 8, "backlog": 2048}}, "budget slots: 4 in A, 8 in B"),
        (
            {"workloads": (dataclasses.replace(WORKLOAD, requests=("GET /hello",)),)},
            "workload wait: GET /wait?ms=100 × 1 in A, GET /hello in B",
        ),
        (
            {"loads": (dataclasses.replace(LOAD, text="closed, 4 users"), *BASE.loads[1:])},
            "load rate-20: open, 100 requests/s, Poisson in A, closed, 4 users in B",
        ),
        (
            {"loads": BASE.loads[1:]},
            "load rate-20: open, 100 requests/s, Poisson in A, not recorded in B",
        ),
    ],
)
def test_another_experiment_is_named(changes: dict[str, Any], text: str) -> None:
    assert texts(dataclasses.replace(BASE, **changes)) == [text]


def test_loads_that_only_a_search_asked_for_may_differ() -> None:
    probe = dataclasses.replace(BASE.trials[0], role="probe", load="137", schedule_digest="x")
    probed = dataclasses.replace(LOAD, name="137")
    b = dataclasses.replace(BASE, trials=(*BASE.trials, probe), loads=(*BASE.loads, probed))

    assert texts(b) == []


def test_another_objective_of_the_search_is_named() -> None:
    capacity = Capacity("sync", "wait", 39.0, 38.0, 40.0, "p99 ≤ 250 ms")
    other = dataclasses.replace(capacity, objective="p99 ≤ 500 ms")
    a, b = (dataclasses.replace(BASE, capacities=(c,)) for c in (capacity, other))

    assert [reason.text for reason in unlike(a, b)] == [
        "objective: p99 ≤ 250 ms in A, p99 ≤ 500 ms in B"
    ]


def test_a_search_that_found_nothing_has_no_objective_to_compare() -> None:
    capacity = Capacity("sync", "wait", 39.0, 38.0, 40.0, "p99 ≤ 250 ms")

    assert texts(dataclasses.replace(BASE, capacities=(capacity,))) == []


def test_another_schedule_of_the_same_experiment_is_named_once_for_each_load() -> None:
    trials = run(1, repetitions=2).trials
    other = tuple(
        dataclasses.replace(t, schedule_digest="other") if t.load == "rate-20" else t
        for t in trials
    )
    a, b = (dataclasses.replace(BASE, trials=found) for found in (trials, other))

    assert [reason.text for reason in unlike(a, b)] == [
        "schedule of “wait” at rate-20: rate-20 1 in A, other in B"
    ]


def test_where_the_experiment_differs_its_schedules_are_not_named_as_well() -> None:
    b = dataclasses.replace(of_trials(schedule_digest="other"), seed=8)

    assert texts(b) == ["seed: 7 in A, 8 in B"]


def test_how_servers_were_run_and_observed_is_named() -> None:
    standing = (Reason("standing", "the server ran before", "start it"),)
    loose = tuple(
        dataclasses.replace(p, facts={**p.facts, "pinned": p.name != "sync"}) for p in BASE.profiles
    )

    assert texts(of_trials(warnings=standing)) == [
        "servers: started for each trial in A, running already in B"
    ]
    assert texts(dataclasses.replace(BASE, profiles=loose)) == [
        "sync on processors of its own: True in A, False in B"
    ]
    assert texts(of_trials(bystander=None)) == ["bystander: with in A, without in B"]
    assert texts(of_trials(split=None, server_side=None)) == ["instruments: on in A, off in B"]


def test_a_profile_that_only_one_run_has_is_no_reason() -> None:
    assert texts(dataclasses.replace(BASE, profiles=BASE.profiles[:1])) == []
