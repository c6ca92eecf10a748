"""A real Prometheus scrapes a real run: what every query of every panel then answers.

Two servers with a load by hand for each, a trial of an experiment beside them, the exporter of
them all and Prometheus.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from dashboards.prometheus.promql import OCCUPANCY, RUN
from dashboards.prometheus.rules import RULES
from servers.metrics import METRICS
from tests.dashboards.grafana.real_run import (
    BY_HAND,
    LOAD,
    MEASURE_S,
    PROFILES,
    SEEN_S,
    SLOTS,
    TRIAL,
    WARMUP_S,
    Run,
    scraped,
)
from tests.dashboards.grafana.shown import (
    HEADER,
    OF_SERVICES,
    QUERIES,
    VARIABLES,
    Asked,
    Variable,
    filled,
    selectors,
)
from tests.dashboards.grafana.test_queries import base
from tests.dashboards.prometheus.programs import program

pytestmark = [
    pytest.mark.slow,
    pytest.mark.runs,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of sockets and threads"),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    program("prometheus")
    with scraped(tmp_path_factory.mktemp("run")) as found:
        yield found


ASKED = [one for one in QUERIES if one.dashboard not in OF_SERVICES or one.panel in HEADER]
"""What is asked for of servers that call on nobody; of the others see `test_services_run`."""
LOOPLESS = "a sync worker has no loop and no pool"
UNPHASED = "a load by hand has no phases"
HEALTHY = "a gate trips where one is provoked"
EXCEPTIONS = {
    "Places taken in each pool": (("uvloop",), LOOPLESS),
    "Requests that wait for a place in a pool": (("uvloop",), LOOPLESS),
    "Stall of the event loop": (("uvloop",), LOOPLESS),
    "mark Phases": ((TRIAL,), UNPHASED),
    "Validity · B": ((TRIAL,), HEALTHY),
}
"""Queries that not both servers answer: which do, and why not the others."""


def asked_of(asked: Asked) -> tuple[str, ...]:
    """The profiles of which a query must have data."""
    if "$profile" not in asked.expression:
        return (".*",)
    keys = (asked.panel, f"{asked.panel} · {asked.letter}")
    profiles = [EXCEPTIONS[key][0] for key in keys if key in EXCEPTIONS]
    return profiles[0] if profiles else PROFILES


EACH = [
    pytest.param(asked, profile, id=f"{asked} · {profile}")
    for asked in ASKED
    for profile in asked_of(asked)
]


@pytest.mark.parametrize(("asked", "profile"), EACH)
def test_every_query_has_finite_data_of_both_servers_throughout(
    asked: Asked, profile: str, run: Run
) -> None:
    found = run.prometheus.over(filled(asked.expression, profile), run.start, run.end)

    assert found, asked.expression
    assert all(series.finite for series in found), found
    assert max(len(series.values) for series in found) >= SEEN_S, found


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_an_exception_is_one(asked: Asked, run: Run) -> None:
    _, reason = EXCEPTIONS.get(asked.panel, ((), ""))
    if reason in (LOOPLESS, UNPHASED):
        assert run.prometheus.over(filled(asked.expression, "sync"), run.start, run.end) == []


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_every_selector_matches_series_that_are_served(asked: Asked, run: Run) -> None:
    for selector in selectors(asked.expression):
        # In this run every request is answered with success.
        if '=~"[45].."' not in selector.text:
            assert run.prometheus.at(selector.text, run.end), selector


@pytest.mark.parametrize("variable", VARIABLES, ids=str)
def test_a_variable_offers_what_there_is(variable: Variable, run: Run) -> None:
    def offered(chosen: str) -> set[str]:
        selector = filled(variable.selector, run=chosen)
        return set(run.prometheus.values_of(variable.label, selector, run.start, run.end))

    path, runs = LOAD[1], {BY_HAND, run.trial}
    everything = {"profile": {*PROFILES, TRIAL}, "workload": {path, "wait"}, "run": runs}
    of_the_trial = {"profile": {TRIAL}, "workload": {"wait"}, "run": runs}
    assert offered(".*") == everything[variable.name]
    assert offered(run.trial) == of_the_trial[variable.name]


def test_a_trial_marks_its_phases(run: Run) -> None:
    (asked,) = [a for a in QUERIES if (a.dashboard, a.panel) == ("twins", "mark Phases")]

    found = run.prometheus.at(filled(asked.expression, run=run.trial), run.end)

    at_s = {one.labels["phase"]: value / 1000 for one in found for value in one.values.values()}
    assert at_s.keys() == {"warm-up", "measure"}
    assert at_s["measure"] - at_s["warm-up"] == pytest.approx(WARMUP_S, abs=0.05)
    assert run.end - MEASURE_S < at_s["measure"] < run.end
    assert run.prometheus.at(filled(asked.expression, run=BY_HAND), run.end) == []


def test_a_gate_that_trips_is_named_and_the_good_state_is_zero(run: Run) -> None:
    (of_profile,), (of_gate,) = (
        [a for a in QUERIES if (a.dashboard, a.panel, a.letter) == ("twins", "Validity", letter)]
        for letter in "AB"
    )
    verdict = run.prometheus.at(filled(of_profile.expression, TRIAL), run.end)
    gates = run.prometheus.at(filled(of_gate.expression, TRIAL), run.end)

    assert [list(one.values.values()) for one in verdict] == [[1.0]]
    assert "dropped" in {one.labels["gate"] for one in gates}
    lost = 'profile:testbed_gate_tripped{gate="worker_lost"}'
    found = {one.labels["profile"]: one.values for one in run.prometheus.at(lost, run.end)}
    assert found.keys() == {*PROFILES, TRIAL}
    assert [value for values in found.values() for value in values.values()] == [0.0] * 3


def test_both_views_of_a_twin_tell_the_same_rate_and_only_the_client_sees_the_queue(
    run: Run,
) -> None:
    def mean(panel: str, profile: str, letter: str = "A") -> float:
        (asked,) = [
            a for a in QUERIES if (a.dashboard, a.panel, a.letter) == ("twins", panel, letter)
        ]
        (series,) = run.prometheus.over(filled(asked.expression, profile), run.start, run.end)
        return sum(series.values.values()) / len(series.values)

    for profile, rate in (("sync", SLOTS / 0.1), ("uvloop", 55.0)):
        assert mean("Answers per second: clients", profile) == pytest.approx(rate, rel=0.25)
        assert mean("Answers per second: servers", profile) == pytest.approx(rate, rel=0.25)
    gap = "The gap: both views of the mean"
    assert mean(gap, "sync", "B") < 0.2
    assert mean(gap, "sync", "A") > 5 * mean(gap, "sync", "B")
    assert mean(gap, "uvloop", "A") < 0.3


def test_only_the_twin_that_waits_in_its_workers_is_occupied(run: Run) -> None:
    def occupancy(profile: str) -> float:
        asked = next(one for one in QUERIES if one.panel == "Occupancy")
        (series,) = run.prometheus.over(filled(asked.expression, profile), run.start, run.end)
        return sum(series.values.values()) / len(series.values)

    # More arrives than four workers can wait for; a loop waits for nothing.
    assert 0.8 < occupancy("sync") <= 1.0
    assert occupancy("uvloop") < 0.4


def test_a_chosen_run_hides_what_was_not_in_it(run: Run) -> None:
    (asked,) = [a for a in QUERIES if a.panel == "Answers per second: servers"]

    def profiles(chosen: str) -> list[str]:
        found = run.prometheus.at(filled(asked.expression, run=chosen), run.end)
        return sorted(series.labels["profile"] for series in found)

    assert profiles(".*") == [TRIAL, *PROFILES]
    assert profiles(BY_HAND) == list(PROFILES)
    assert profiles(run.trial) == [TRIAL]
    assert profiles("another") == []


ENDED = "no request of a stopped worker ends: there is no mean and no share of any"
QUIET = {
    "Context switches for each request": ENDED,
    "CPU time for each request": ENDED,
    "Places taken in each pool": LOOPLESS,
    "Requests of each worker, against its fair share": ENDED,
    "Requests that wait for a place in a pool": LOOPLESS,
    "Stall of the event loop": LOOPLESS,
    "The gap: both views of the mean": ENDED,
    "Where the mean request's time goes: $profile": ENDED,
}
"""Panels of the servers that say nothing of a sync server whose workers are all stopped."""
RULE = {rule.record: rule.expression for rule in RULES}


def asked_for(expression: str) -> set[str]:
    """The metrics that a query needs, also by the rules, but for what it is cut to."""
    found: set[str] = set()
    for name in {one.name for one in selectors(expression)} - {RUN}:
        found |= asked_for(RULE[name]) if name in RULE else {base(name)}
    return found


def of_servers(asked: Asked) -> bool:
    """Whether a query asks for nothing but what servers and the exporter write of a profile."""
    writers = {METRICS[name].writer for name in asked_for(asked.expression)}
    return bool(writers) and "generator" not in writers and "$profile" in asked.expression


def stop_with_a_request(run: Run, pid: int) -> None:
    """Stop a sync worker at a moment at which a request is inside."""
    deadline = time.monotonic() + 10
    while True:
        os.kill(pid, signal.SIGSTOP)
        inside = run.stack.scrape("sync").total("http_server_active_requests", worker=str(pid))
        if inside == 1:
            return
        os.kill(pid, signal.SIGCONT)
        assert time.monotonic() < deadline, f"worker {pid} has no request"
        time.sleep(0.03)


def test_while_every_worker_is_stopped_the_servers_view_stays_fresh(run: Run) -> None:
    slots = run.prometheus.now('testbed_worker_slots{profile=~"sync|uvloop"}')
    pids = {int(one.labels["worker"]): one.labels["profile"] for one in slots}
    assert sorted(pids.values()) == ["sync"] * SLOTS + ["uvloop"]
    asked = [one for one in ASKED if of_servers(one)]
    assert len(asked) >= 20
    assert QUIET.keys() <= {one.panel for one in asked}
    queue = 'testbed_accept_queue_connections{profile="sync"}'
    with ExitStack() as stopped:
        for pid, profile in pids.items():
            stopped.callback(os.kill, pid, signal.SIGCONT)
            if profile == "sync":
                stop_with_a_request(run, pid)
            else:
                os.kill(pid, signal.SIGSTOP)
        began = time.time()
        (before,) = value(run, queue)
        run.prometheus.until(f"{queue} > {before + 30}", 20)
        # Two windows after the last answer its traces are gone, whatever the second it was in.
        run.prometheus.until(f'timestamp(testbed_workers{{profile="sync"}}) > {began + 8}', 20)

        for one in asked:
            found = run.prometheus.now(filled(one.expression, "sync"))
            assert bool(found) == (one.panel not in QUIET), one
            assert all(series.finite for series in found), one
        assert value(run, 'sum(rate(testbed_requests_total{profile="sync"}[2s]))') == [0.0]
        assert value(run, 'testbed_workers{profile="sync"}') == [SLOTS]
        # Requests hold them all, for nobody goes on with any.
        assert value(run, f'{OCCUPANCY}{{profile="sync"}}') == [1.0] * SLOTS
        assert value(run, f'{OCCUPANCY}{{profile="uvloop"}}') == [1.0]
        assert value(run, "min_over_time(up[3s])") == [1.0]


def value(run: Run, expression: str) -> list[float]:
    """The values of an expression now."""
    return [next(iter(one.values.values())) for one in run.prometheus.now(expression)]
