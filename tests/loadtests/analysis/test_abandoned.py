"""What clients that left and open connections cost, from a trial's scrapes and its server's use."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pytest

from loadtests.analysis.abandoned import REQUESTS, SECONDS, abandoned_of
from loadtests.analysis.checks import laws, outside
from loadtests.analysis.instruments import Abandoned
from loadtests.analysis.summary import Trial
from loadtests.analysis.trial import summarize
from loadtests.plan import Target
from servers.contract import AT
from tests.loadtests.analysis.saved import Row, scrape, trial_of, usage, with_server
from tests.loadtests.analysis.test_counters import of_route

CONNECTIONS = 'testbed_open_connections{profile="sync",worker="1"}'


def left(route: str, requests: float, seconds: float) -> dict[str, float]:
    labels = f'{{profile="sync",http_route="{route}"}}'
    return {REQUESTS + labels: requests, SECONDS + labels: seconds}


def test_what_clients_left_behind_is_what_grew_in_the_window() -> None:
    before = left("/wait", 10, 3.0)
    after = left("/wait", 14, 4.25) | left("/stream", 1, 0.5)

    found = abandoned_of([scrape(5.0, before), scrape(9.0, {}), scrape(15.0, after)])

    assert found == Abandoned(requests=5, seconds=1.75)


def test_where_only_some_requests_are_measured_they_stand_for_all() -> None:
    before = of_route("/wait", 100, 100, 1.0) | left("/wait", 0, 0.0)
    after = of_route("/wait", 500, 200, 2.0) | left("/wait", 2, 0.5)

    found = abandoned_of([scrape(5.0, before), scrape(15.0, after)])

    assert found == Abandoned(requests=8, seconds=2.0)


@pytest.mark.parametrize(
    "scrapes", [[], [left("/wait", 3, 1.0)], [left("/wait", 3, 1.0), left("/wait", 3, 1.0)]]
)
def test_where_nobody_was_seen_to_leave_there_is_nothing(
    scrapes: list[Mapping[str, float]],
) -> None:
    taken = [scrape(5.0 + number, series) for number, series in enumerate(scrapes)]

    assert abandoned_of(taken) is None


def summarized(connections: float, *points: tuple[float, float, int]) -> Trial:
    """A trial whose window, by its plan, is from 5 to 15 s of the clock, after a second of load."""
    taken = (scrape(5.0, {CONNECTIONS: 1}), scrape(15.0, {CONNECTIONS: connections}))
    trial = dataclasses.replace(trial_of([Row(at=0.0)]), scrapes=taken)
    return summarize(with_server(trial, usage=usage(*points)))


def test_a_connection_costs_what_was_added_from_before_the_load_to_the_peak_of_the_window() -> None:
    points = [(3.0, 0.0, 39), (3.9, 0.0, 40), (6.0, 1.0, 70), (14.0, 2.0, 60), (16.0, 2.0, 99)]

    assert summarized(1024, *points).kb_per_connection == 30.0
    assert summarized(512, *points).kb_per_connection == 60.0


@pytest.mark.parametrize(
    ("connections", "points"),
    [
        (99, [(3.9, 0.0, 40), (6.0, 1.0, 70)]),
        (1000, []),
        (1000, [(6.0, 1.0, 70)]),
        (1000, [(3.9, 0.0, 40), (16.0, 1.0, 70)]),
        (1000, [(3.9, 0.0, 40), (6.0, 1.0, 40)]),
        (1000, [(3.9, 0.0, 100), (6.0, 1.0, 101)]),
    ],
    ids=["few", "no use", "none before", "none in the window", "no growth", "hardly any growth"],
)
def test_without_connections_or_growth_to_speak_of_nothing_is_said(
    connections: float, points: list[tuple[float, float, int]]
) -> None:
    assert summarized(connections, *points).kb_per_connection is None


@pytest.mark.parametrize(("path", "held"), [("/wait", True), ("/stream", False)])
def test_a_stream_is_not_held_to_the_law_of_utilisation(
    path: str, held: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How much of it holds a worker is told to nobody: its answer begins before all that."""
    monkeypatch.setattr(outside, "sampled_s", lambda scrapes: 10.0)
    monkeypatch.setattr(laws, "_little", lambda trial, told: ["little"])
    monkeypatch.setattr(laws, "_utilisation", lambda trial, told: ["utilisation"])
    row = Row(at=0.0, queue=0.0, cpu=1.0, wait=2.0, hold=3.0, step=3.0)
    trial = trial_of([row])
    told = dataclasses.make_dataclass("Told", ["requests"])(laws.LEAST_REQUESTS)
    monkeypatch.setattr(laws, "told_of", lambda trial: told)
    first, *others = trial.plan.arrivals
    target = Target(number=0, stream="load", path=path, url=path, weight=1.0)
    arrivals = (first.model_copy(update={"targets": (target,)}), *others)
    plan = trial.plan.model_copy(update={"arrivals": arrivals})

    found: object = laws.laws_of(dataclasses.replace(trial, plan=plan))

    assert found == (("little", "utilisation") if held else ("little",))
    assert AT["GET", path].streams != held
