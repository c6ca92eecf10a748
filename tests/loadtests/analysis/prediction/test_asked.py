"""What a request asks for: by path, parameters and profile."""

from __future__ import annotations

import pytest

from loadtests.analysis.prediction.asked import Asked, asked, kinds, only_place
from loadtests.distributions import Distribution
from loadtests.workload import Request, Workload
from servers.profiles import PROFILES

UNIT_MS = 1.5


@pytest.mark.parametrize(
    ("profile", "path", "expected"),
    [
        ("sync", "/wait", Asked(20.0, 20.0, 0.0)),
        ("sync", "/cpu", Asked(0.0, 30.0, 30.0)),
        ("sync", "/cpu-offload", Asked(0.0, 30.0, 30.0)),
        ("asgi", "/wait", Asked(20.0, 0.0, 0.0)),
        ("asgi", "/blocking", Asked(20.0, 20.0, 0.0)),
        ("asgi", "/offload", Asked(20.0, 0.0, 0.0)),
        ("asgi", "/cpu", Asked(0.0, 30.0, 30.0)),
        ("asgi", "/cpu-offload", Asked(0.0, 0.0, 30.0)),
        ("hybrid", "/blocking", Asked(20.0, 0.0, 0.0)),
        ("hybrid", "/cpu", Asked(0.0, 0.0, 30.0)),
        # A greenlet that sleeps lets its thread go; one that computes does not.
        ("gevent", "/blocking", Asked(20.0, 0.0, 0.0)),
        ("gevent", "/cpu", Asked(0.0, 30.0, 30.0)),
        ("gevent", "/hello", Asked(0.0, 0.0, 0.0)),
    ],
)
def test_waiting_holding_and_computing(profile: str, path: str, expected: Asked) -> None:
    params = {"units": 20} if "cpu" in path else {} if path == "/hello" else {"ms": 20}

    assert asked(profile, Request(path=path, params=params), UNIT_MS) == expected


@pytest.mark.parametrize(
    ("profile", "params", "expected"),
    [
        # In turn, and a process or a thread is kept for all that time.
        ("sync", {}, Asked(10.0, 10.0, 0.0)),
        ("sync", {"calls": 4, "ms": 20}, Asked(80.0, 80.0, 0.0)),
        ("gthread", {"calls": 4, "ms": 20, "threads": 1}, Asked(80.0, 80.0, 0.0)),
        ("gevent", {"calls": 4, "ms": 20}, Asked(80.0, 0.0, 0.0)),
        # All at once.
        ("sync", {"calls": 4, "ms": 20, "threads": 4}, Asked(20.0, 20.0, 0.0)),
        ("uvloop", {"calls": 4, "ms": 20}, Asked(20.0, 0.0, 0.0)),
        ("hybrid", {"calls": 4, "ms": 20, "threads": 2}, Asked(20.0, 0.0, 0.0)),
        # Some at once, and then the others: not known.
        ("sync", {"calls": 4, "ms": 20, "threads": 3}, None),
    ],
)
def test_calls_in_turn_and_at_once(
    profile: str, params: dict[str, int], expected: Asked | None
) -> None:
    assert asked(profile, Request(path="/downstream", params=params), UNIT_MS) == expected


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    "table",
    [
        {"path": "/db"},
        {"path": "/db", "method": "POST"},
        {"path": "/jobs", "method": "POST", "params": {"ms": 100}},
        {"path": "/jobs", "method": "POST", "params": {"units": 10}},
        {"path": "/jobs"},
        {"path": "/upload"},
        {"path": "/upload", "body_bytes": 1_000_000},
    ],
)
def test_what_a_database_a_deferred_job_or_a_body_takes_is_not_known(
    profile: str, table: dict[str, object]
) -> None:
    row = Request.model_validate(table)

    assert asked(profile, row, UNIT_MS) is None
    assert only_place(profile, [row]) is None
    assert only_place(profile, [row, Request(path="/wait")]) is None
    assert only_place(profile, [Request(path="/wait")]) is not None


def test_what_is_not_said_is_the_contract_s_default() -> None:
    assert asked("sync", Request(path="/wait"), UNIT_MS) == Asked(10.0, 10.0, 0.0)


@pytest.mark.parametrize("path", ["/wait", "/blocking"])
def test_a_distributed_request_has_its_mean_and_its_variance(path: str) -> None:
    """Of an exponential distribution the squared coefficient of variation is 1."""
    params = {"ms": Distribution(exponential=100.0)}
    variants = Request(path=path, params=params).variants
    mean = Asked(100.0, 104.0, 4.0)

    found = kinds("sync", variants, mean, 4.0)

    assert sum(kind.share for kind in found) == pytest.approx(1.0)
    average = sum(kind.share * kind.hold_ms for kind in found)
    assert average == pytest.approx(104.0, rel=1e-6)
    variance = sum(kind.share * (kind.hold_ms - average) ** 2 for kind in found)
    assert variance == pytest.approx(100.0**2, rel=0.03)


def test_a_calibration_of_a_distributed_workload_is_no_m_d_c() -> None:
    """What varies from request to request must not be taken for a constant service."""
    table = {"ms": Distribution(lognormal=80.0, sigma=0.8)}
    spread = Workload(name="w", requests=(Request(path="/wait", params=table),))
    alike = Workload(name="w", requests=(Request(path="/wait", params={"ms": 80}),))

    one, other = (
        kinds("gthread", w.variants, Asked(80.0, 81.0, 1.0), 1.0) for w in (spread, alike)
    )

    assert len(one) == len(spread.variants) > 60
    assert other == ()
