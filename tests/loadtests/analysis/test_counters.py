"""Occupancy and hold by the workers' own counters: every request, and only what the window grew."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pytest

from loadtests.analysis.instruments import RouteHold, WorkerShare
from loadtests.analysis.summary import Trial
from loadtests.analysis.trial import summarize
from loadtests.samples import Outcome
from tests.loadtests.analysis.saved import Row, scrape, trial_of, with_server

# What the client saw: one request of three that was answered, and two that were not.
SEEN = Row(at=0.0, took=20.0, queue=0.0, cpu=1.0, wait=18.0, hold=20.0, step=15.0, worker=11)
LOST = [Row(at=9.0, took=900.0, outcome=Outcome.CENSORED), Row(at=9.0, outcome=Outcome.FAILED)]


def of_worker(pid: int, requests: float, measured: float, hold_s: float) -> dict[str, float]:
    labels = f'profile="sync",worker="{pid}"'
    return {
        f"testbed_worker_requests_total{{{labels}}}": requests,
        f"testbed_worker_measured_requests_total{{{labels}}}": measured,
        f"testbed_worker_hold_seconds_total{{{labels}}}": hold_s,
    }


def of_route(path: str, requests: float, measured: float, hold_s: float) -> dict[str, float]:
    """Three quarters of the requests of a route with 200, the rest with 500."""
    labels = f'profile="sync",http_route="{path}"'
    answers = f'{labels},http_request_method="GET",http_response_status_code'
    return {
        f'testbed_requests_total{{{answers}="200"}}': requests * 0.75,
        f'testbed_requests_total{{{answers}="500"}}': requests * 0.25,
        f"testbed_request_hold_seconds_count{{{labels}}}": measured,
        f"testbed_request_hold_seconds_sum{{{labels}}}": hold_s,
    }


def cpu(pid: int, seconds: float, role: str = "worker") -> dict[str, float]:
    labels = f'profile="sync",process="{pid}",role="{role}"'
    return {f"testbed_process_cpu_seconds_total{{{labels}}}": seconds}


def summarized(
    *scrapes: tuple[float, Mapping[str, float]], profile: str = "sync", threads: int = 1
) -> Trial:
    """A trial with those scrapes, at seconds of the clock; by its plan the window has 10 s."""
    trial = trial_of([SEEN, *LOST])
    spec = dataclasses.replace(trial.spec, profile=profile)
    taken = tuple(scrape(at_s, series) for at_s, series in scrapes)
    facts = ({"pid": 11, "threads": threads}, {"pid": 12, "threads": threads})
    return summarize(with_server(dataclasses.replace(trial, spec=spec, scrapes=taken), facts=facts))


BEFORE = of_worker(11, 500, 500, 100.0) | of_worker(12, 700, 700, 50.0)


def test_every_request_of_the_window_occupies_its_worker_whatever_became_of_it() -> None:
    """Of the 8 s between the scrapes worker 1 was held for 6 s, and worker 2 for 2 s."""
    after = of_worker(11, 530, 530, 106.0) | of_worker(12, 710, 710, 52.0)

    trial = summarized((5.0, BEFORE), (9.0, {}), (13.0, after))

    assert trial.workers == (
        WorkerShare(worker=1, requests=30, share=0.75, occupancy=0.75),
        WorkerShare(worker=2, requests=10, share=0.25, occupancy=0.25),
    )


def test_what_was_not_measured_is_taken_to_hold_as_long() -> None:
    after = of_worker(11, 600, 525, 101.0) | of_worker(12, 700, 700, 50.0)

    first, second = summarized((5.0, BEFORE), (15.0, after)).workers

    assert (first.requests, first.occupancy) == (100, 0.4)
    assert (second.requests, second.occupancy) == (0, 0.0)


def test_threads_share_the_time_of_their_worker() -> None:
    after = of_worker(11, 510, 510, 120.0) | of_worker(12, 710, 710, 50.0)

    worker, _ = summarized((5.0, BEFORE), (15.0, after), profile="gthread", threads=4).workers

    assert worker.occupancy == 0.5


def test_a_worker_is_never_occupied_for_longer_than_the_window() -> None:
    """A request that held it before the window counts when it ends."""
    after = of_worker(11, 501, 501, 112.0) | of_worker(12, 701, 701, 50.0)

    assert summarized((5.0, BEFORE), (15.0, after)).workers[0].occupancy == 1.0


def test_a_worker_that_began_in_the_window_counts_from_zero() -> None:
    after = BEFORE | of_worker(99, 10, 10, 1.0)

    assert summarized((5.0, BEFORE), (15.0, after)).workers[2] == WorkerShare(3, 10, 1.0, 0.1)


def test_beside_its_occupancy_stands_the_cpu_of_the_workers_own_process() -> None:
    before = BEFORE | cpu(11, 3.0) | cpu(11, 90.0, "supervisor") | cpu(77, 5.0, "pool")
    after = (
        of_worker(11, 600, 600, 101.0) | of_worker(12, 710, 710, 51.0)
        | cpu(11, 12.5) | cpu(11, 99.0, "supervisor") | cpu(77, 9.0, "pool")
    )  # fmt: skip

    busy, other = summarized((5.0, before), (15.0, after)).workers

    assert (busy.occupancy, busy.cpu) == (0.1, 0.95)
    assert other.cpu is None


def test_the_hold_of_a_route_is_that_of_all_its_answers_and_the_longest_step_a_measured_one() -> (
    None
):
    before = of_route("/wait", 400, 400, 10.0) | of_route("/hello", 100, 100, 1.0)
    after = of_route("/wait", 480, 440, 12.0) | of_route("/hello", 140, 140, 2.0)

    trial = summarized((5.0, before), (15.0, after))

    # 80 requests of 50 ms are four seconds, beside 40 of 25 ms.
    assert trial.holds == (
        RouteHold("/wait", requests=80, mean_ms=50.0, longest_ms=15.0, share=0.8),
        RouteHold("/hello", requests=40, mean_ms=25.0, longest_ms=None, share=0.2),
    )


@pytest.mark.parametrize(
    "scrapes",
    [
        (),
        ((5.0, BEFORE | of_route("/wait", 400, 400, 10.0)),),
        ((5.0, {}), (15.0, {})),
        ((5.0, BEFORE), (15.0, BEFORE)),
    ],
)
def test_without_counters_that_grew_the_samples_tell(
    scrapes: tuple[tuple[float, Mapping[str, float]], ...],
) -> None:
    trial = summarized(*scrapes)

    assert trial.workers == (WorkerShare(1, 1, 1.0, 0.002), WorkerShare(2, 0, 0.0, 0.0))
    assert trial.holds == (RouteHold("/wait", 1, 20.0, 15.0, 1.0),)
