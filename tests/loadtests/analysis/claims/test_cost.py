"""The verdicts on cost: processor time and memory."""

from __future__ import annotations

import dataclasses

from loadtests.analysis.decisions import Cost
from tests.loadtests.analysis.claims.built import Case, capacity, claim, decided, summary


def takes(profile: str, cpu_ms: float | None, mb: float | None, workload: str = "wait") -> Case:
    return Case(profile, workload, 30.0, cpu_ms=cpu_ms, mb=mb)


def test_supported_where_both_are_less() -> None:
    found = claim("cost", summary([takes("sync", 0.9, 120.0), takes("uvloop", 0.3, 45.0)]))

    assert found.verdict == "supported"
    assert found.text.startswith(
        "At 30 requests/s of “wait”, a request’s processor time is 0.3 ms on uvloop against 0.9 ms "
        "on sync: a factor of "
    )
    # What differs less is told after it.
    assert found.detail.startswith(
        "Memory: at 30 requests/s of “wait”, the server’s memory is 45 MiB on uvloop and 120 MiB "
        "on sync: uvloop is ahead of sync by a factor of 2.65 (95 % interval 2.6"
    )
    assert found.estimate is not None
    assert 2.9 < found.estimate.value < 3.1


def test_refuted_where_both_are_more() -> None:
    assert (
        claim("cost", summary([takes("gthread", 0.3, 50.0), takes("asgi", 0.5, 90.0)])).verdict
        == "refuted"
    )


def test_depends_where_one_takes_less_memory_and_the_other_less_processor_time() -> None:
    found = claim("cost", summary([takes("gthread", 0.3, 90.0), takes("asgi", 0.6, 50.0)]))

    assert found.verdict == "depends"
    assert found.crossover == (
        "the asynchronous profiles need less memory for “wait”; the synchronous profiles need less "
        "processor time for “wait”"
    )
    assert found.text == (
        "At 30 requests/s of “wait”, the server’s memory is 50 MiB on asgi against 90 MiB on "
        "gthread; but a request’s processor time is 0.3 ms on gthread against 0.6 ms on asgi."
    )


def test_no_visible_difference() -> None:
    found = claim("cost", summary([takes("gthread", 0.5, 50.0), takes("asgi", 0.5, 51.0)]))

    assert found.verdict == "no visible difference"


def test_one_trial_each_shows_a_quarter_of_memory_but_not_of_processor_time() -> None:
    cases = [takes("gthread", 0.5, 55.0), takes("asgi", 0.4, 44.0)]

    memory = claim("cost", summary(cases, (1.0,)))
    processor = claim(
        "cost", summary([takes("gthread", 0.5, None), takes("asgi", 0.4, None)], (1.0,))
    )

    assert memory.verdict == "supported"
    assert memory.text.endswith("44 MiB on asgi against 55 MiB on gthread: a factor of 1.25 (one "
                                "trial each).")  # fmt: skip
    assert memory.detail == (
        "Processor time: undecided at 30 requests/s of “wait” (with one trial each, only a factor "
        "of 2 counts)."
    )
    assert processor.verdict == "undecided"


def test_at_the_capacities_memory_is_for_each_thousand_requests() -> None:
    made = summary(
        [takes("sync", 0.5, 150.0), takes("asgi", 0.5, 150.0)],
        capacities=(capacity("sync", "wait", 40.0), capacity("asgi", "wait", 800.0)),
    )
    costs = (
        Cost("sync", "wait", 40.0, (1,), 0.5, 150.0, 3750.0),
        Cost("asgi", "wait", 800.0, (2,), 0.5, 150.0, 187.5),
    )

    found = claim("cost", decided(made, costs=costs))

    assert found.verdict == "depends"
    assert found.text == (
        "At the capacities for “wait”, the memory for 1,000 requests/s is 188 MiB on asgi against "
        "3750 MiB on sync: a factor of 20 (one trial each)."
    )
    assert found.evidence["memory for 1,000 requests/s on asgi"] == "188 MiB"
    assert found.detail == "Processor time: no visible difference at 30 requests/s of “wait”."


def test_only_a_load_that_both_keep_up_with_is_read() -> None:
    full = dataclasses.replace(takes("sync", 0.9, 150.0), rate=100.0, answered=39.0)
    other = dataclasses.replace(takes("uvloop", 0.3, 45.0), rate=100.0)

    assert claim("cost", summary([full, other])).verdict == "not measured"
