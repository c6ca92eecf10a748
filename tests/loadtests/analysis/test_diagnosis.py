"""Each diagnosis from the trial that it is about, and its sentence."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from loadtests.analysis.decisions import Diagnosis
from loadtests.analysis.diagnosis import CODES, RULES, diagnoses_of
from loadtests.analysis.instruments import Parts, RouteHold, ServerSide, Split, WorkerShare
from loadtests.analysis.summary import Latency, Reason, Requests, Trial
from servers.profiles import PROFILES

WINDOW_S = 10.0
NOTHING = ServerSide(0, 2048, {}, None, 0, 0, 0.0, 80.0, 5, 0, {})
OTHERS = Reason("run_queue", "others used it too", "close other programs")


def trial(
    profile: str = "uvloop",
    *,
    offered: float = 100.0,
    achieved: float | None = None,
    occupancy: float = 0.02,
    workers: int = 1,
    slots: int = 1,
    cpu: float = 0.03,
    own_cpu: float = 0.5,
    holds: tuple[RouteHold, ...] | None = None,
    queue_ms: float = 0.2,
    side: dict[str, Any] | None = None,
    **changes: Any,
) -> Trial:
    """A valid trial of ten seconds that is at ease but for what a test says.

    `own_cpu` is the part of its processor time that its requests used themselves.
    """
    answered = offered if achieved is None else achieved
    count = round(answered * WINDOW_S)
    mean_ms = 1e3 * slots * occupancy / answered
    hold = RouteHold("/wait", count, round(mean_ms, 3), 1.5 * mean_ms, 1.0)
    cpu_ms = 1e3 * own_cpu * cpu / answered
    parts = Parts(count, 20.0 + queue_ms, 0.1, 0.1, queue_ms, cpu_ms, 19.6 - cpu_ms, 0.2, 0.0)
    latency = Latency(20.0, 25.0, 40.0, 60.0)
    share = WorkerShare(1, count // workers, round(1 / workers, 4), occupancy, cpu / workers)
    scheduled = round(offered * WINDOW_S)
    found = Trial(
        number=1, profile=profile, workload="wait", load="100/s", repetition=1, valid=True,
        reasons=(), requests=Requests(scheduled, scheduled, 0, 0, 0), offered_rps=offered,
        achieved_rps=answered, latency_ms=latency, queue_ms=None, hold_ms=None,
        cpu_s=cpu * WINDOW_S, rss_mb=80.0, errors={}, bystander=None, timeline=(),
        schedule_digest="", latency_from_send_ms=latency, lateness_p99_ms=0.1, punctual=1.0,
        generator_cpu=0.1, generator_delay=0.0, split=Split(1.0, parts, None),
        holds=(hold,) if holds is None else holds,
        workers=tuple(dataclasses.replace(share, worker=n + 1) for n in range(workers)),
        server_side=dataclasses.replace(NOTHING, **(side or {})),
    )  # fmt: skip
    return dataclasses.replace(found, **changes)


def said(*trials: Trial) -> tuple[str, str]:
    """The code and the sentence of the only diagnosis of some trials."""
    (found,) = diagnoses_of(trials)
    return found.code, found.text


def test_a_healthy_idle_trial_is_at_ease() -> None:
    assert said(trial()) == (
        "ease",
        "at ease: nothing waits; the loop is occupied 2% of the time, and the processor is used 3%",
    )


BLOCKED = (
    RouteHold("/blocking", 100, 48.2, 51.0, 0.93),
    RouteHold("/hello", 900, 0.4, 2.0, 0.07),
)


@pytest.mark.parametrize(
    ("code", "text", "found"),
    [
        (
            "computing",
            "computing: the processor is used 97%",
            trial(cpu=0.97, own_cpu=0.8, occupancy=0.9),
        ),
        (
            "computing",
            "computing: the processor is used 97%, and only 19% by the requests themselves",
            trial(cpu=0.97, own_cpu=0.2, occupancy=0.3),
        ),
        (
            "computing",
            "computing: the processor is used 85%",
            trial("sync", cpu=0.85, own_cpu=0.9, achieved=80.0, occupancy=0.99),
        ),
        ("computing", "computing: 1.9 processors are used", trial(cpu=1.9, own_cpu=0.9)),
        (
            "contended",
            ("held up: of its processor it got 40%, and others had it while 0.6 of its threads "
             "were ready on average"),
            trial(cpu=0.4, side={"run_queue_delay_s": 6.0}, warnings=(OTHERS,)),
        ),
        (
            "holding",
            ("one endpoint holds the loop for 48 ms at a time: /blocking, with 93% of all that "
             "is held"),
            trial(occupancy=0.55, holds=BLOCKED),
        ),
        (
            "waiting",
            ("waiting, not working: all 4 processes are occupied 98% of the time while using 3% "
             "of a processor, and up to 120 connections wait to be accepted"),
            trial(
                "sync", occupancy=0.98, workers=4, slots=4, achieved=40.0,
                side={"accept_queue_max": 120},
            ),
        ),
        (
            "waiting",
            ("waiting, not working: all 4 threads are occupied 98% of the time while using 3% of "
             "a processor"),
            trial("gthread", occupancy=0.98, slots=4, side={"pools": {"executor": 37}}),
        ),
        (
            "waiting",
            ("waiting, not working: the loop is occupied 95% of the time while using 3% of a "
             "processor"),
            trial("asgi", occupancy=0.95, offered=190.0),
        ),
        (
            "pool",
            "the thread pool is exhausted: up to 37 requests waited for one of its threads",
            trial("hybrid", side={"pools": {"threads": 37, "processes": 2}}),
        ),
        (
            "pool",
            "the process pool is exhausted: up to 1 request waited for one of its processes",
            trial("hybrid", achieved=60.0, side={"pools": {"processes": 1}}),
        ),
        (
            "pool",
            "the thread pool is full at times: up to 4 requests waited for one of its threads",
            trial("hybrid", side={"pools": {"threads": 4}}),
        ),
        (
            "pool",
            (
                "the pool of connections to the downstream service is exhausted: "
                "up to 90 requests waited for one of its connections"
            ),
            trial("uvloop", side={"pools": {"downstream": 90, "threads": 0}}),
        ),
        (
            "accepting",
            "the accept queue holds up to 120 connections",
            trial("sync", workers=4, slots=4, occupancy=0.7, side={"accept_queue_max": 120}),
        ),
        (
            "queueing",
            "queueing: of 32 ms a request waits 12 ms before the application begins it",
            trial("sync", workers=4, slots=4, occupancy=0.7, queue_ms=12.0),
        ),
        (
            "pool",
            (
                "the pool of connections to the database is full at times: "
                "up to 4 requests waited for one of its connections"
            ),
            trial("uvloop", side={"pools": {"database": 4}}),
        ),
        (
            "failing",
            ("1 request failed; the loop is occupied 2% of the time, and the processor is used "
             "3%"),
            trial(requests=Requests(1000, 999, 1, 0, 0)),
        ),
        (
            "failing",
            ("6 requests failed; the loop is occupied 2% of the time, and the processor is used "
             "3%"),
            # Every call waits for its connection for a moment, where there is a free one too.
            trial(requests=Requests(1000, 994, 6, 0, 0), side={"pools": {"downstream": 1}}),
        ),
        (
            "overloaded",
            "overloaded: of 100 requests/s it answers 61, and no instrument says by what",
            trial(achieved=61.0),
        ),
        (
            "overloaded",
            "overloaded: of 2,500 requests/s it answers 1,234, and no instrument says by what",
            trial(offered=2_500.0, achieved=1_234.0),
        ),
        (
            "unseen",
            "not looked into, and the processor is used 3%",
            trial(workers=1, holds=(), split=None, server_side=None, warnings=()),
        ),
        (
            "working",
            ("working, with room left: all 4 processes are occupied 62% of the time, and the "
             "processor is used 30%"),
            trial("sync", workers=4, slots=4, occupancy=0.62, cpu=0.3),
        ),
        (
            "ease",
            ("at ease: nothing waits; both loops are occupied less than 1% of the time, and the "
             "processor is used 3%"),
            trial("gevent", workers=2, occupancy=0.003),
        ),
    ],
)  # fmt: skip
def test_each_rule_says_what_it_is_for(code: str, text: str, found: Trial) -> None:
    if code == "unseen":
        found = dataclasses.replace(found, workers=())

    assert said(found) == (code, text)


def test_every_code_is_listed_and_tested_here() -> None:
    assert (*(rule.code for rule in RULES), "generator", "invalid") == CODES
    marks = test_each_rule_says_what_it_is_for.pytestmark  # type: ignore[attr-defined]
    tested = {case[0] for mark in marks for case in mark.args[1]}
    assert tested == {rule.code for rule in RULES}


def test_wording_is_that_of_the_concurrency_model() -> None:
    words = {"sync": "process", "gthread": "thread"}
    for profile in PROFILES:
        _, text = said(trial(profile))
        assert f"; the {words.get(profile, 'loop')} is occupied" in text


def test_few_that_wait_for_a_pool_for_a_moment_are_no_matter() -> None:
    code, _ = said(trial("hybrid", side={"pools": {"threads": 2}}))

    assert code == "ease"


def test_a_short_wait_in_front_is_no_queueing_whatever_its_part() -> None:
    quick = trial(queue_ms=0.5)
    assert quick.split is not None
    parts = dataclasses.replace(quick.split.all, latency_ms=0.9)

    assert said(dataclasses.replace(quick, split=Split(1.0, parts, None)))[0] == "ease"


def test_what_is_under_way_at_the_end_is_not_missing() -> None:
    """A hundred a second of a second each: two dozen more may be under way than at first."""
    slow = Latency(1_000.0, 1_000.0, 1_000.0, 1_000.0)

    assert said(trial(achieved=97.6, latency_ms=slow))[0] == "ease"
    assert said(trial(achieved=90.0, latency_ms=slow))[0] == "overloaded"


def test_a_sentence_is_of_the_median_over_valid_trials_with_its_evidence() -> None:
    against = (Reason("generator_late", "late", "lower the rate"),)
    trials = [
        trial("sync", number=3, cpu=0.01, occupancy=0.95, achieved=40.0),
        trial("sync", number=5, cpu=0.02, occupancy=0.96, achieved=41.0),
        trial("sync", number=9, cpu=0.30, occupancy=0.97, achieved=42.0),
        trial("sync", number=11, cpu=0.99, valid=False, reasons=against),
    ]
    (found,) = diagnoses_of(trials)

    assert found.code == "waiting"
    assert "occupied 96% of the time while using 2%" in found.text
    assert found.evidence["trials"] == "3, 5, 9"
    assert (found.evidence["occupancy"], found.evidence["cpu"]) == (0.96, 0.02)
    assert found.evidence["achieved_rps"] == 41.0
    assert found.evidence["route"] == "/wait"


def test_each_profile_workload_and_load_has_its_own_in_the_order_of_the_run() -> None:
    trials = [trial("sync"), trial(), trial("sync", load="8/s"), trial("sync", workload="cpu")]
    found: tuple[Diagnosis, ...] = diagnoses_of([*trials, trial("sync", number=7)])

    assert [(d.profile, d.workload, d.load) for d in found] == [
        ("sync", "wait", "100/s"),
        ("uvloop", "wait", "100/s"),
        ("sync", "wait", "8/s"),
        ("sync", "cpu", "100/s"),
    ]
    assert found[0].evidence["trials"] == "1, 7"
    assert diagnoses_of(()) == ()


def test_without_a_valid_trial_it_says_whose_fault_that_was() -> None:
    late = Reason("generator_late", "requests were sent late: p99 76 ms", "close other programs")
    lost = Reason("worker_lost", "process 7 of the server did not live", "see the log")
    (generator,) = diagnoses_of([trial(valid=False, reasons=(lost, late))])
    (other,) = diagnoses_of([trial(valid=False, reasons=(lost,))])

    assert (generator.code, generator.text) == (
        "generator",
        "generator saturated: requests were sent late: p99 76 ms",
    )
    assert generator.evidence == {"reasons": "worker_lost, generator_late", "trials": "1"}
    assert (other.code, other.text) == (
        "invalid",
        "no valid trial: process 7 of the server did not live",
    )
