"""What a workload does is read from its request lines, whatever its name is."""

from __future__ import annotations

import pytest

from loadtests.analysis.claims.kinds import asked_ms, is_mixed, kinds, lines, waits_only
from loadtests.analysis.summary import WorkloadSummary


def workload(*requests: str) -> WorkloadSummary:
    return WorkloadSummary("a-name-that-says-nothing", "", requests)


def test_a_line_has_path_parameters_and_weight() -> None:
    (line,) = lines(workload("GET /wait?ms=100 × 2.5"))

    assert (line.path, line.parameters, line.weight) == ("/wait", {"ms": "100"}, 2.5)


@pytest.mark.parametrize(
    ("requests", "found"),
    [
        (("GET /hello",), {"trivial"}),
        (("GET /wait?ms=100", "GET /wait?ms=20"), {"waiting"}),
        (("GET /blocking?ms=80",), {"blocking"}),
        (("GET /offload?ms=80", "GET /cpu-offload"), {"handed over"}),
        (("GET /wait?ms=1", "GET /cpu?units=10"), {"waiting", "computing"}),
        (("GET /somewhere-else",), {"other"}),
    ],
)
def test_kinds(requests: tuple[str, ...], found: set[str]) -> None:
    assert kinds(workload(*requests)) == found


def test_waiting_alone_and_mixed() -> None:
    assert waits_only(workload("GET /wait?ms=1"))
    assert not waits_only(workload("GET /wait?ms=1", "GET /hello"))
    assert is_mixed(workload("GET /wait?ms=1", "GET /blocking?ms=1"))
    assert not is_mixed(workload("GET /wait?ms=1", "GET /hello"))
    assert not is_mixed(workload("GET /cpu?units=1", "GET /blocking?ms=1"))


def test_the_time_that_is_asked_for_is_the_mean_by_weight() -> None:
    assert asked_ms(workload("GET /wait?ms=100 × 3", "GET /wait?ms=20 × 1")) == pytest.approx(80.0)
    assert asked_ms(workload("GET /wait?ms=100", "GET /hello")) is None
    assert asked_ms(workload()) is None
