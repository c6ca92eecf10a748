"""A bad day is no evidence for what is said of ordinary ones."""

from __future__ import annotations

import dataclasses

from loadtests.analysis.claims.cells import cells
from tests.loadtests.analysis.claims.built import Case, claim, summary

CASES = [Case("sync", "trivial", 30.0, p50=0.5), Case("asgi", "trivial", 30.0, p50=0.8)]


def test_a_load_that_bursts_is_in_no_cell() -> None:
    steady = summary(CASES)
    loads = tuple(dataclasses.replace(load, bursts=True) for load in steady.loads)
    burst = dataclasses.replace(steady, loads=loads)

    assert len(cells(steady)) == 1
    assert cells(burst) == ()
    assert claim("immediacy", steady).verdict == "supported"
    assert claim("immediacy", burst).verdict == "not measured"


def test_nor_is_a_workload_with_clients_that_are_no_ordinary_ones() -> None:
    ordinary = summary(CASES)
    client = "GET /hello as silent client (sends nothing, 4 s) × 0.05"
    workloads = tuple(
        dataclasses.replace(one, requests=(*one.requests, client)) for one in ordinary.workloads
    )
    bad = dataclasses.replace(ordinary, workloads=workloads)

    assert cells(bad) == ()
    assert claim("immediacy", bad).verdict == "not measured"
