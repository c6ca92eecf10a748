"""Experiments: what may be written, and what is said of what may not."""

from __future__ import annotations

import pytest

from loadtests import experiment as experiments
from loadtests import matrix
from loadtests.experiment import EXPERIMENTS
from loadtests.experiment_errors import ExperimentError
from loadtests.workload import ClosedLoad, OpenLoad

GOOD = """
name = "good"
question = "Why?"
seed = 1
measure_s = 2.0
profiles = ["sync", "asgi"]
[budget]
slots = 8
[bystander]
rate = 10.0
[[workloads]]
name = "wait"
requests = [{ path = "/wait", params = { ms = 100 }, weight = 2.0 }, { path = "/hello" }]
[[workloads]]
name = "narrow"
requests = [{ path = "/hello" }]
profiles = ["asgi"]
loads = ["few"]
[[loads]]
mode = "open"
name = "many"
rate = 100.0
[[loads]]
mode = "closed"
name = "few"
users = 3
"""


def test_a_good_experiment_becomes_typed_values() -> None:
    experiment = experiments.parse(GOOD)

    assert experiment.server_budget().slots == 8
    assert experiment.workloads[0].requests[0].url == "/wait?ms=100"
    assert isinstance(experiment.loads[0], OpenLoad)
    assert experiment.loads[0].arrivals == "poisson"
    assert isinstance(experiment.loads[1], ClosedLoad)


def test_a_workload_may_narrow_profiles_and_loads() -> None:
    specs = matrix.trials(experiments.parse(GOOD))

    cells = [(s.profile, s.workload.name, s.load.name) for s in specs]
    assert cells == [
        ("sync", "wait", "many"),
        ("asgi", "wait", "many"),
        ("sync", "wait", "few"),
        ("asgi", "wait", "few"),
        ("asgi", "narrow", "few"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seed = 1", "seed = 1\nspeed = 2", "bad.toml: speed is not a key here, allowed: name,"),
        ("rate = 100.0", "rate = -1.0", "loads[0].rate is -1.0, allowed: greater than or equal to"),
        ("rate = 100.0", "rate = 'fast'", "loads[0].rate is 'fast', allowed: a valid number"),
        ("rate = 100.0", "rat = 1.0", "loads[0].rat is not a key here, allowed: mode, name, rate,"),
        ("users = 3", "users = 0", "loads[1].users is 0, allowed: greater than or equal to 1"),
        ("measure_s = 2.0\n", "", "measure_s is missing"),
        ('mode = "open"', 'mode = "ajar"', "loads[0].mode is 'ajar', allowed: open, closed"),
        ('["sync", "asgi"]', '["sink"]', "profiles has 'sink', allowed: sync, gthread, gevent,"),
        ("slots = 8", "slots = 0", "slots is 0: give a number from 1 to 256"),
        ("slots = 8", "slot = 4", "budget has slot, allowed: slots, workers,"),
        (
            '"/wait"',
            '"/weight"',
            ".path: '/weight' is not in the contract, allowed: /hello, /wait,",
        ),
        ("ms = 100", "ms = 99999", "params.ms is 99999, allowed: 0 to 10000"),
        ("ms = 100", "mx = 1", "params.mx is not a parameter of /wait: ms"),
        (
            '/wait", params = { ms = 100 }',
            '/stream", params = { events = 1000, interval_ms = 200 }',
            "params: events × interval_ms is 1000 × 200 = 200000: it must be at most 100000",
        ),
        (
            '/wait", params = { ms = 100 }',
            '/stream", params = { events = 100, interval_ms = 0, bytes = 50_000 }',
            "params: events × bytes is 100 × 50000 = 5000000: it must be at most 4194304",
        ),
        ('loads = ["few"]', 'loads = ["none"]', "workloads.narrow.loads has 'none', allowed: many"),
        ('name = "narrow"', 'name = "wait"', "workloads must have different names"),
        ("seed = 1", "seed = 1.5", "seed is 1.5, allowed: a valid integer"),
        ("seed = 1", "seed = [", "bad.toml: not TOML:"),
        ('["sync", "asgi"]', '["sync", "sync"]', "profiles must have different names, got: sync"),
        ('name = "good"', 'name = "latest"', "name is 'latest', which is the link"),
        ("users = 3", "users = 1500", "loads.few.users is 1500, allowed: at most half of max_in"),
        ('{ path = "/hello" }', '{ path = "/wait", params = { ms = 100 } }', "must differ, got:"),
        (
            "seed = 1",
            "seed = 1\ninstruments = false\nexplain = true",
            "explain is true, allowed: only where instruments is true",
        ),
        (
            "measure_s = 2.0",
            "measure_s = 2.0\ncapture_from_s = 2.0",
            "capture_from_s is 2, allowed: less than measure_s, which is 2",
        ),
        (
            "seed = 1",
            "seed = 1\ncapture_from_s = -1.0",
            "capture_from_s is -1.0, allowed: greater than or equal to 0",
        ),
        (
            "rate = 100.0",
            "rate = 100.0\nburst = { factor = 1.0, from_s = 0.5, for_s = 0.5 }",
            "loads[0].burst.factor is 1.0, allowed: greater than 1",
        ),
        (
            "rate = 100.0",
            "rate = 100.0\nburst = { factor = 2.0, from_s = 1.5, for_s = 0.6 }",
            "loads.many.burst ends at 2.1, allowed: before measure_s, which is 2",
        ),
        (
            "rate = 100.0",
            "rate = 100.0\nmeasure_s = 1.0\nburst = { factor = 2.0, from_s = 0.5, for_s = 0.6 }",
            "loads.many.burst ends at 1.1, allowed: before measure_s, which is 1",
        ),
        (
            "ms = 100",
            "ms = { normal = 3 }",
            "requests[0].params.ms.normal is not a key here, allowed: exponential,",
        ),
        (
            "ms = 100",
            "ms = { exponential = 9000 }",
            "params.ms is exponential(9000), whose mean 9000 would be 6037 within 0 to 10000",
        ),
        (
            "ms = 100",
            "ms = { uniform = [1, 10001] }",
            "params.ms.uniform has 10001, allowed: 0 to 10000",
        ),
        (
            "ms = 100",
            "ms = { choice = [1, 2], weights = [1.0] }",
            "params.ms: weights are 1, allowed: 2, one for a choice",
        ),
        ("ms = 100", "ms = { lognormal = 100 }", "lognormal and sigma belong together"),
        (
            "ms = 100",
            "ms = { exponential = 1, uniform = [1, 2] }",
            "one of exponential, lognormal, uniform, choice, got: exponential and uniform",
        ),
        (
            '{ path = "/hello" }',
            '{ path = "/hello", client = { kind = "rude" } }',
            "client.kind is 'rude', allowed: slow-sender, slow-reader, silent, vanishing,",
        ),
        (
            '{ path = "/hello" }',
            '{ path = "/hello", client = { for_s = 1.0 } }',
            "client.kind is missing, allowed: slow-sender,",
        ),
        (
            '{ path = "/hello" }',
            '{ path = "/hello", client = { kind = "silent", for_s = 0.0 } }',
            "client.for_s is 0.0, allowed: greater than or equal to 0.05",
        ),
        (
            '{ path = "/hello" }',
            '{ path = "/hello", client = { kind = "silent", for_ms = 1 } }',
            "client.for_ms is not a key here, allowed: kind, for_s, sends",
        ),
        (
            '{ path = "/hello" }',
            '{ path = "/hello", client = { kind = "polling", every_ms = 9 } }',
            "client is 'polling', allowed with POST, not with GET",
        ),
        (
            "rate = 10.0",
            "rate = 10.0\npath = '/nothing'",
            "bystander.path: '/nothing' is not in the contract, allowed: /hello",
        ),
    ],
)
def test_a_fault_names_the_key_the_value_and_what_is_allowed(old: str, new: str, said: str) -> None:
    assert old in GOOD

    with pytest.raises(ExperimentError) as caught:
        experiments.parse(GOOD.replace(old, new, 1), "bad.toml")

    assert said in str(caught.value)


def test_one_fault_is_one_line() -> None:
    """A refused item does not make its list too short as well."""
    only = GOOD.replace('mode = "closed"\nname = "few"\nusers = 3\n', "").replace(
        'loads = ["few"]', ""
    )
    only = only.rsplit("[[loads]]", 1)[0]

    with pytest.raises(ExperimentError) as caught:
        experiments.parse(only.replace("rate = 100.0", "rate = 0.0"), "bad.toml")

    assert len(str(caught.value).splitlines()) == 1


def test_every_shipped_experiment_can_be_read_and_is_named_like_its_file() -> None:
    files = sorted(EXPERIMENTS.glob("*.toml"))

    assert {file.stem for file in files} >= {"tour", "burst", "stall", "slow-clients", "deferred"}
    for file in files:
        assert experiments.parse(file.read_text("utf-8"), file.name).name == file.stem


def test_an_unknown_experiment_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ExperimentError, match="no such experiment; there are: blocking, "):
        experiments.find("tuor")
