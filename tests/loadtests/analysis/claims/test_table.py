"""The nine claims: all of them, in order, whatever a run holds."""

from __future__ import annotations

from loadtests.analysis.claims import claims_of
from tests.loadtests.analysis.claims.built import Case, claim, summary

IDS = (
    *("immediacy", "concurrency", "blocking", "scalability", "cost", "hybrid"),
    *("stability", "deferral", "overload"),
)


def test_a_run_without_trials_has_nine_claims_and_no_verdict() -> None:
    found = claims_of(summary([]))

    assert tuple(claim.id for claim in found) == IDS
    assert {claim.verdict for claim in found[:6]} == {"not measured"}
    assert {claim.verdict for claim in found[6:]} == {"not yet testable"}
    assert all(claim.statement and claim.text.endswith(".") for claim in found)


def test_what_is_not_yet_testable_says_what_is_missing() -> None:
    found = {claim.id: claim.text for claim in claims_of(summary([]))}

    assert "slow, silent or vanishing clients" in found["stability"]
    assert "jobs" in found["deferral"]
    assert "bursts" in found["overload"]


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
        "latency_p50_ms, sync": 2.0,
        "latency_p50_ms, asgi": 1.0,
        "trials": "1, 2",
    }
