"""What a workload does is read from its request lines, whatever its name is."""

from __future__ import annotations

import pytest

from loadtests.analysis.claims.kinds import asked_ms, is_mixed, kinds, lines, waits_only
from loadtests.analysis.subjects import WorkloadSummary
from loadtests.workload import Request


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


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("GET /wait?ms=exponential(100)", 100.0),
        ("GET /wait?ms=lognormal(80,0.8) × 3", 80.0),
        ("GET /wait?ms=choice(10:3,50:1)", 20.0),
        ("GET /wait?ms=uniform(1,9)", 5.0),
    ],
)
def test_a_distributed_wait_asks_for_its_mean(text: str, ms: float) -> None:
    assert asked_ms(workload(text)) == ms
    assert asked_ms(
        workload(text, f"GET /wait?ms={ms + 10:g} × {lines(workload(text))[0].weight:g}")
    ) == (ms + 5.0)


def test_who_asks_is_told_from_what_is_asked() -> None:
    (line,) = lines(workload("POST /jobs?ms=5 as polling client (every 100 ms) × 2"))

    assert (line.path, line.parameters, line.weight) == ("/jobs", {"ms": "5"}, 2.0)
    assert line.client == "polling client (every 100 ms)"
    assert lines(workload("GET /hello"))[0].client == ""


@pytest.mark.parametrize("size", [0, 1, 4_000, 1_000_000])
@pytest.mark.parametrize("client", [None, {"kind": "slow-sender", "bytes_per_s": 1_000.0}])
def test_a_body_is_read_from_the_line_that_a_request_has(
    size: int, client: dict[str, object] | None
) -> None:
    request = Request.model_validate({"path": "/upload", "body_bytes": size, "client": client})

    (line,) = lines(workload(f"{request.line} × 3"))

    assert (line.path, line.parameters, line.weight) == ("/upload", {}, 3.0)
    assert line.body_bytes == size
    assert line.client == (request.client.text if request.client else "")


@pytest.mark.parametrize(
    ("line", "ms"),
    [
        ("GET /downstream?calls=1&ms=50", 50.0),
        ("GET /downstream?calls=8&ms=50", None),
        ("GET /db?ms=100", None),
    ],
)
def test_what_waits_for_more_than_it_asks_for_has_no_such_time(line: str, ms: float | None) -> None:
    assert asked_ms(WorkloadSummary("w", "", (line,))) == ms
