"""A trial whose instruments agree with one another, to be changed where a test wants a fault."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from loadtests.analysis.saved import SavedTrial
from loadtests.samples import Outcome
from tests.loadtests.analysis.saved import ORIGIN_NS, Row, scrape, trial_of, with_server

START_S = ORIGIN_NS / 1e9
WINDOW_S = 10.0
HOST_TCP = 'testbed_host_tcp_events_total{event="%s"}'
HOST_CPU = 'testbed_host_cpu_seconds_total{mode="%s"}'
ACTIVE_S = 'testbed_active_request_seconds_total{profile="sync"}'
SAMPLED_S = 'testbed_sampled_seconds_total{profile="sync"}'
DELAY_S = 'testbed_process_run_queue_delay_seconds_total{profile="sync",process="11",role="worker"}'
HOLD_S = 'testbed_worker_hold_seconds_total{profile="sync",worker="11"}'
DURATION = "http_server_request_duration_seconds"
Series = dict[str, float]


def request(at: float, took: float = 20.0, queue: float = 1.0, back: float = 1.0) -> Row:
    """A measured request that took so many milliseconds and held a process for most of that."""
    stay = took - queue - back
    return Row(
        at, took, queue=queue, cpu=0.25 * stay, wait=0.75 * stay, hold=stay, step=stay, worker=11
    )  # fmt: skip


def regular(every: float = 25.0, took: float = 20.0, before: float = 200.0) -> list[Row]:
    """Requests at regular times of the window, and of the warm-up just before it."""
    return [request(every * n - before, took) for n in range(round((1e4 + before) / every))]


def scrapes_of(rows: Sequence[Row], after_ms: float = 0.0) -> tuple[Series, Series]:
    """What the first scrape of the window and the last one tell of those requests.

    `after_ms` is how long each of them was in the application when its answer had begun.
    """
    stays = [
        (r.at + r.late + r.connect + r.queue, r.cpu + r.wait + after_ms)
        for r in rows
        if r.queue is not None and r.cpu is not None and r.wait is not None
    ]
    area = sum(max(0.0, min(at + stay, 1e3 * WINDOW_S) - max(at, 0.0)) / 1e3 for at, stay in stays)
    ended = [stay / 1e3 for at, stay in stays if 0.0 <= at + stay < 1e3 * WINDOW_S]
    grown = {
        ACTIVE_S: area,
        SAMPLED_S: WINDOW_S,
        'testbed_worker_requests_total{profile="sync",worker="11"}': len(ended),
        'testbed_worker_measured_requests_total{profile="sync",worker="11"}': len(ended),
        HOLD_S: sum(ended),
        f'{DURATION}_count{{profile="sync"}}': len(ended),
        f'{DURATION}_sum{{profile="sync"}}': sum(ended),
        'testbed_requests_total{profile="sync",http_route="/wait"}': len(ended),
        'testbed_request_hold_seconds_count{profile="sync",http_route="/wait"}': len(ended),
        'testbed_request_hold_seconds_sum{profile="sync",http_route="/wait"}': sum(ended),
        HOST_CPU % "user": 3.0,
        HOST_CPU % "idle": 17.0,
        HOST_CPU % "steal": 0.0,
        HOST_TCP % "ListenOverflows": 0.0,
        HOST_TCP % "ListenDrops": 0.0,
        DELAY_S: 0.1,
    }
    return dict.fromkeys(grown, 1000.0), {name: 1000.0 + value for name, value in grown.items()}


def measured(
    rows: Sequence[Row] | None = None,
    change: Callable[[Series], None] = lambda _: None,
    *,
    seen: Sequence[Row] | None = None,
    after_ms: float = 0.0,
    **server: object,
) -> SavedTrial:
    """A trial of `rows` on a process of its own; the client has `seen` them, or others.

    `change` alters what the last scrape tells.
    """
    found = regular() if rows is None else rows
    first, last = scrapes_of(found, after_ms)
    change(last)
    taken = (scrape(START_S, first), scrape(START_S + WINDOW_S, last))
    saved = trial_of(found if seen is None else seen)
    trial = dataclasses.replace(saved, scrapes=taken)
    return with_server(trial, **{"facts": ({"pid": 11},), **server})


def add(**more: float) -> Callable[[Mapping[str, float]], None]:
    """A change of the last scrape: so much more of each series, by the name of its constant."""
    names = {name: globals()[name] for name in more}

    def change(last: Mapping[str, float]) -> None:
        assert isinstance(last, dict)
        for name, value in more.items():
            last[names[name]] += value

    return change


def unanswered(at: float) -> Row:
    """A request that had no answer when the trial ended."""
    return Row(at, 12_000.0 - at, outcome=Outcome.CENSORED, status=0)
