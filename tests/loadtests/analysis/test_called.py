"""What the downstream service did, from scrapes that are known, and when it was the bottleneck."""

from __future__ import annotations

import dataclasses

import pytest

from loadtests.analysis.called import Downstream, downstream_of, faults
from loadtests.analysis.trial import summarize
from loadtests.gates import BUSY_SHARE
from servers.metrics import BUCKETS
from tests.loadtests.analysis.measured import START_S, WINDOW_S, measured
from tests.loadtests.analysis.saved import scrape

NAME = "testbed_downstream_"
OF = 'downstream="77"'


def told(
    good: int = 990, failed: int = 10, cpu_s: float = 2.0, late_s: float = 0.002, before: int = 100
) -> tuple[dict[str, float], dict[str, float]]:
    """Two scrapes: `before` calls of 50 ms came in the warm-up, and some late ones in the window.

    Two calls in a hundred of the window are as late as `late_s`, the others not at all.
    """
    late, calls = round(0.02 * (good + failed)), good + failed
    first: dict[str, float] = {
        f'{NAME}requests_total{{{OF},http_response_status_code="200"}}': before,
        f"{NAME}active_max_requests{{{OF}}}": 9,
        f"{NAME}latency_seconds_count{{{OF}}}": before,
        f"{NAME}latency_seconds_sum{{{OF}}}": 0.05 * before,
        f"{NAME}cpu_seconds_total{{{OF}}}": 1.0,
    }
    last = {
        f'{NAME}requests_total{{{OF},http_response_status_code="200"}}': before + good,
        f'{NAME}requests_total{{{OF},http_response_status_code="500"}}': failed,
        f"{NAME}active_max_requests{{{OF}}}": 12,
        f"{NAME}latency_seconds_count{{{OF}}}": before + calls,
        f"{NAME}latency_seconds_sum{{{OF}}}": 0.05 * before + 0.02 * calls,
        f"{NAME}cpu_seconds_total{{{OF}}}": 1.0 + cpu_s,
    }
    for bound in (*BUCKETS, float("inf")):
        series = f'{NAME}lateness_seconds_bucket{{{OF},le="{"+Inf" if bound > 1e9 else bound}"}}'
        # In the warm-up all were terribly late, which is no matter of the window.
        first[series] = before if bound > 1e9 else 0
        last[series] = first[series] + (calls if bound >= late_s else calls - late)
    return first, last


def found(**how: float) -> Downstream | None:
    first, last = told(**how)  # type: ignore[arg-type]
    return downstream_of((scrape(START_S, first), scrape(START_S + WINDOW_S, last)))


def test_only_the_window_counts_but_for_the_most_at_once() -> None:
    assert found() == Downstream(
        requests=1000,
        failures=10,
        active_max=12,
        latency_ms=20.0,
        lateness_p99_ms=round(1000 * min(bound for bound in BUCKETS if bound >= 0.002), 3),
        cpu=0.2,
    )


def test_without_calls_or_scrapes_there_is_none() -> None:
    first, _ = told()
    assert downstream_of(()) is None
    assert downstream_of((scrape(START_S, first),)) is None
    assert downstream_of((scrape(START_S, first), scrape(START_S + 1, first))) is None
    assert list(faults(None)) == []


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({}, []),
        ({"cpu_s": 0.99 * BUSY_SHARE * WINDOW_S}, []),
        ({"cpu_s": 1.01 * BUSY_SHARE * WINDOW_S}, ["used 91% of a processor"]),
        # The bound is 10 ms, and the bucket from 9.6 ms to 14.4 ms may be below it.
        ({"late_s": 0.012}, []),
        ({"late_s": 0.020}, ["p99 14.4 ms or more, bound 10.0 ms"]),
        ({"late_s": 0.1, "cpu_s": 10.0}, ["100% of a processor", "bound 10.0 ms"]),
    ],
)
def test_it_was_the_bottleneck_where_it_was_busy_or_late(
    how: dict[str, float], said: list[str]
) -> None:
    sentences = list(faults(found(**how)))

    assert len(sentences) == len(said)
    assert all(part in one for part, one in zip(said, sentences, strict=True))


def test_a_trial_whose_downstream_was_the_bottleneck_is_invalid() -> None:
    trial = measured()
    first, last = told(cpu_s=9.5)
    scrapes = tuple(
        dataclasses.replace(one, series={**one.series, **scrape(0, more).series})
        for one, more in zip(trial.scrapes, (first, last), strict=True)
    )

    bad = summarize(dataclasses.replace(trial, scrapes=scrapes))
    good = summarize(trial)

    assert (good.valid, good.downstream) == (True, None)
    assert not bad.valid
    assert [reason.code for reason in bad.reasons] == ["downstream"]
    assert "it was the bottleneck" in bad.reasons[0].text
    assert bad.downstream is not None
    assert bad.downstream.cpu == 0.95
