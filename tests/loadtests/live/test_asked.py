"""What a load asks for, as a model of the server takes it."""

from __future__ import annotations

import pytest

from loadtests.clients import Retrying, Silent
from loadtests.distributions import Distribution
from loadtests.live.asked import asked_of
from loadtests.workload import OpenLoad, Request

LOAD = OpenLoad(mode="open", name="l", rate=50.0)


def test_a_distributed_request_is_all_of_its_variants() -> None:
    table = {"ms": Distribution(choice=(10, 50), weights=(3.0, 1.0))}
    found = asked_of(LOAD, (Request(path="/wait", params=table, weight=8.0), Request(path="/cpu")))

    assert [(one.url, one.weight) for one in found.requests] == [
        ("/wait?ms=10", 6.0), ("/wait?ms=50", 2.0), ("/cpu", 1.0),
    ]  # fmt: skip
    assert found.rate == 50.0
    assert found.computes


def test_of_clients_that_misbehave_no_model_knows_and_of_those_that_try_again_it_does() -> None:
    silent = Silent(kind="silent", for_s=4.0)
    patient = Retrying(kind="retrying", patience_ms=500.0, attempts=3)
    found = asked_of(
        LOAD,
        (
            Request(path="/wait", weight=3.0, client=patient),
            Request(path="/hello", weight=1.0, client=silent),
        ),
    )

    assert [one.path for one in found.requests] == ["/wait"]
    assert found.rate == pytest.approx(37.5)
