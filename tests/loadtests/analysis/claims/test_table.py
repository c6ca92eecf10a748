"""The nine claims: all of them, in order, whatever a run holds."""

from __future__ import annotations

from loadtests.analysis.claims import claims_of
from tests.loadtests.analysis.claims.built import QUIET, Case, capacity, claim, summary

IDS = (
    *("immediacy", "concurrency", "blocking", "scalability", "cost", "hybrid"),
    *("stability", "deferral", "overload"),
)


def test_a_run_without_trials_has_nine_claims_and_no_verdict() -> None:
    found = claims_of(summary([]))

    assert tuple(claim.id for claim in found) == IDS
    assert {claim.verdict for claim in found} == {"not measured"}
    assert all(claim.statement and claim.text.endswith(".") for claim in found)


def test_what_was_not_measured_says_what_is_missing() -> None:
    found = {claim.id: claim.text for claim in claims_of(summary([]))}

    assert "slow, silent or vanishing clients" in found["stability"]
    assert "jobs" in found["deferral"]
    assert "burst" in found["overload"]


def test_an_anchor_is_the_section_of_its_workload_among_those_that_ran() -> None:
    made = summary(
        [
            Case("sync", "trivial", 30.0), Case("asgi", "trivial", 30.0),
            Case("sync", "wait", 30.0, p50=300.0), Case("asgi", "wait", 30.0, p50=100.0),
        ]
    )  # fmt: skip

    assert claim("immediacy", made).anchor == "workload-1"
    assert claim("concurrency", made).anchor == "workload-2"


def test_evidence_names_the_figures_and_the_trials() -> None:
    cases = [Case("sync", "trivial", 30.0, p50=2.0), Case("asgi", "trivial", 30.0, p50=1.0)]

    found = claim("immediacy", summary(cases, (1.0,)))

    assert found.evidence == {
        "where": "at 30 requests/s of “trivial”",
        "median latency on sync": "2 ms",
        "median latency on asgi": "1 ms",
        "trials": "1, 2",
    }


def test_the_finding_is_one_sentence_that_is_soon_read() -> None:
    sides = {"sync": 3.0, "gthread": 2.5, "asgi": 1.2, "uvloop": 1.0, "hybrid": 1.0}
    aside = {"sync": 2000.0, "gthread": 1800.0, "asgi": 2.0, "uvloop": 1.0, "hybrid": 1.0}
    blocked = {"sync": 1.0, "gthread": 2.0, "asgi": 300.0, "uvloop": 200.0, "hybrid": 1.0}
    cases = [
        Case(name, workload, rate, p50=p50, aside=beside[name], cpu_ms=p50 / 10, mb=50.0 * p50)
        for workload, rate, beside in (
            ("trivial", 30.0, blocked), ("wait", 25.0, aside), ("wait", 100.0, aside),
            ("blocking", 20.0, blocked),
        )
        for name, p50 in sides.items()
    ]  # fmt: skip
    searched = tuple(capacity(name, "wait", 3000.0 / p50) for name, p50 in sides.items())

    for spread in ((1.0,), QUIET):
        found = claims_of(summary(cases, spread, capacities=searched))
        for one in found[:6]:
            assert len(one.text.split()) <= 40, one.text
            assert one.text.count(". ") == 0, one.text
            assert one.text.endswith("."), one.text
            assert not one.detail or one.detail.endswith("."), one.detail
            assert "_" not in " ".join([one.text, one.detail, one.crossover, *one.evidence])
