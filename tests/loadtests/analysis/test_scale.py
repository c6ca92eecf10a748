"""What scale says of trials whose figures are known, limit by limit."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from loadtests import experiment as experiments
from loadtests.analysis.decisions import ScalePoint
from loadtests.analysis.instruments import Parts, ServerSide, Split
from loadtests.analysis.scale import scale_of
from loadtests.analysis.summary import Latency, Trial
from loadtests.analysis.trial import summarize
from tests.loadtests.analysis.saved import Row, trial_of

EXPERIMENT = experiments.parse(
    """
name = "scale"
question = "How many at once?"
seed = 1
measure_s = 20.0
max_in_flight = 20_000
profiles = ["sync", "gthread", "uvloop"]
[budget]
slots = 32
[[workloads]]
name = "wait"
requests = [{ path = "/wait", params = { ms = 1000 } }]
[[workloads]]
name = "trivial"
requests = [{ path = "/hello" }]
[[workloads]]
name = "blocking"
requests = [{ path = "/blocking", params = { ms = 1000 } }]
"""
    + "".join(
        f'[[loads]]\nname = "{users}"\nmode = "closed"\nusers = {users}\n'
        for users in (1, 10, 100, 10_000)
    )
    + '[[loads]]\nname = "idle"\nmode = "closed"\nusers = 50\nthink_s = 30.0\n'
    + '[[loads]]\nname = "5/s"\nmode = "open"\nrate = 5.0\n'
)
ENVIRONMENT = {"memory_mb": 16_000, "open_files": 4_096}
BASE = summarize(trial_of([Row(at=0.0)]))
SIDE = ServerSide(
    accept_queue_max=0,
    accept_queue_limit=2048,
    pools={},
    stall=None,
    voluntary_switches=1,
    involuntary_switches=1,
    run_queue_delay_s=0.0,
    pss_mb=None,
    open_connections_max=None,
    restarts=0,
    tcp_events={},
)


def parts(inside_ms: float) -> Parts:
    return Parts(50, inside_ms + 5, 0.0, 0.0, 4.0, 2.0, inside_ms - 2.0, 1.0, 0.0)


def trial(load: str, held: float | None, profile: str = "uvloop", **changes: Any) -> Trial:
    """A trial in whose application requests are for 1,002 ms, `held` of them at once."""
    side = {name: changes.pop(name) for name in list(changes) if hasattr(SIDE, name)}
    fields: dict[str, Any] = {
        "profile": profile,
        "load": load,
        "workload": "wait",
        "valid": True,
        "achieved_rps": (held or 0.0) / 1.002,
        "split": None if held is None else Split(1.0, parts(1002.0), None),
        "cpu_s": 2.0,
        "rss_mb": 40.0,
        "latency_ms": Latency(1007.0, None, None, 1100.0),
        "server_side": dataclasses.replace(SIDE, **side),
    }
    return dataclasses.replace(BASE, **{**fields, **changes})


def points(*trials: Trial) -> tuple[ScalePoint, ...]:
    return scale_of(trials, EXPERIMENT, ENVIRONMENT)


def last(*trials: Trial) -> ScalePoint:
    return points(*trials)[-1]


def test_all_that_are_asked_for_are_in_hand_and_each_has_its_price() -> None:
    one = trial("1", 1.0, pss_mb=30.0, number=1)
    many = trial("10000", 9_901.0, pss_mb=230.0, number=2, cpu_s=7.0)

    first, second = points(one, many)

    assert (first.users, first.in_hand, first.limit, first.kb_per_waiting) == (1, 1.0, "", None)
    assert second == ScalePoint(
        profile="uvloop",
        workload="wait",
        users=10_000,
        trial=2,
        in_hand=9_901.0,
        answered_rps=many.achieved_rps,
        p50_ms=1007.0,
        memory_mb=230.0,
        kb_per_waiting=20.7,
        cpu_share=0.35,
        limit="",
        text="uvloop has all 10,000 requests in hand: 230 MiB, 21 KiB for each that waits, 35% of "
        "a processor.",
    )
    assert first.text == "uvloop has its one request in hand: 30 MiB, 10% of a processor."


def test_memory_is_resident_where_nothing_was_scraped() -> None:
    one, many = trial("1", 1.0, rss_mb=40.0), trial("100", 101.0, rss_mb=50.0)

    assert last(one, many).kb_per_waiting == 102.4
    assert last(one, many).memory_mb == 50.0


def test_a_growth_that_may_be_the_allocators_says_nothing_of_a_request() -> None:
    one, many = trial("1", 1.0, rss_mb=40.0), trial("100", 100.0, rss_mb=40.9)

    assert last(one, many).kb_per_waiting is None
    assert last(one, trial("100", 100.0, rss_mb=30.0)).kb_per_waiting is None
    processes = trial("1", 1.0, "sync", rss_mb=650.0)
    assert last(processes, trial("100", 32.0, "sync", rss_mb=652.0)).kb_per_waiting is None


def test_a_point_is_held_against_the_fewest_users_of_its_repetition() -> None:
    found = points(
        trial("1", 1.0, rss_mb=40.0, repetition=1),
        trial("1", 1.0, rss_mb=45.0, repetition=2),
        trial("100", 101.0, rss_mb=50.0, repetition=1),
        trial("100", 101.0, rss_mb=50.0, repetition=2),
        trial("100", 101.0, rss_mb=50.0, repetition=3),
    )

    assert [point.kb_per_waiting for point in found] == [None, None, 102.4, 51.2, 102.4]


@pytest.mark.parametrize(
    ("profile", "held", "side", "limit", "text"),
    [
        ("sync", 31.9, {"pss_mb": 640.0}, "slots", "each of its 32 processes of 20 MiB has one"),
        ("gthread", 31.9, {}, "threads", "each of its 32 threads has one"),
        # Requests that none of them is free for are no limit of theirs.
        ("gthread", 20.0, {}, "", "no instrument names what it hit"),
        ("uvloop", 31.9, {}, "", "no instrument names what it hit"),
        ("uvloop", 60.0, {"pss_mb": 15_000.0}, "memory", "it uses 14.6 of 15.6 GiB of memory"),
        (
            *("uvloop", 60.0, {"open_connections_max": 4_040}, "descriptors"),
            "it has 4,040 connections open, and may have 4,096 files",
        ),
        ("uvloop", 60.0, {"open_connections_max": 4_000}, "", "no instrument names what it hit"),
        ("uvloop", 60.0, {"accept_queue_max": 2048}, "backlog", "its accept queue was full, with"),
        ("uvloop", 60.0, {"accept_queue_max": 2047}, "", "no instrument names what it hit"),
        (
            *("uvloop", 60.0, {"tcp_events": {"ListenOverflows": 1234}}, "backlog"),
            "the accept queue overflowed 1,234 times",
        ),
    ],
)
def test_what_it_hit_first_is_named(
    profile: str, held: float, side: dict[str, Any], limit: str, text: str
) -> None:
    point = last(trial("1", 1.0, profile), trial("100", held, profile, **side))

    assert point.limit == limit
    told = f"{profile} has {held:,.0f} of 100 in hand: {text}"
    assert point.text.startswith(told)


@pytest.mark.parametrize(
    ("cpu_s", "delay_s", "limit", "text"),
    [
        (19.1, 0.0, "cpu", "its processor is 96% busy."),
        (14.0, 5.2, "", "others kept it from its processor 26% of the time."),
        (18.0, 3.9, "", "no instrument names what it hit."),
        (None, 0.0, "", "no instrument names what it hit."),
    ],
)
def test_a_processor_is_a_limit_where_the_server_and_not_the_host_keeps_it_busy(
    cpu_s: float | None, delay_s: float, limit: str, text: str
) -> None:
    point = last(trial("1", 1.0), trial("100", 60.0, cpu_s=cpu_s, run_queue_delay_s=delay_s))

    assert (point.limit, point.text) == (limit, f"uvloop has 60 of 100 in hand: {text}")


def test_the_first_limit_is_the_one_that_brings_about_the_others() -> None:
    """With all slots taken connections queue, and with the processor busy as well."""
    full = 2048
    sync = trial("10000", 32.0, "sync", accept_queue_max=full)
    busy = trial("10000", 5000.0, cpu_s=20.0, accept_queue_max=full)
    files = trial("10000", 4030.0, cpu_s=20.0, open_connections_max=4090, accept_queue_max=full)

    assert last(trial("1", 1.0, "sync"), sync).limit == "slots"
    assert last(trial("1", 1.0), busy).limit == "cpu"
    assert last(trial("1", 1.0), files).limit == "descriptors"
    others = trial("10000", 5000.0, accept_queue_max=full, run_queue_delay_s=10.0)
    assert last(trial("1", 1.0), others).limit == ""


def test_from_95_of_a_hundred_on_they_are_all_in_hand() -> None:
    assert last(trial("1", 1.0), trial("100", 95.1, cpu_s=20.0)).limit == ""
    assert last(trial("1", 1.0), trial("100", 94.9, cpu_s=20.0)).limit == "cpu"


def test_what_was_not_measured_is_not_told() -> None:
    point = last(trial("1", 1.0), trial("100", None, cpu_s=20.0))

    assert (point.in_hand, point.kb_per_waiting, point.limit) == (None, None, "")
    assert point.text == ("uvloop: too few of 100 at once were answered to tell how many it held.")


def test_trials_that_do_not_count_and_workloads_that_do_not_wait_have_no_points() -> None:
    one, many = trial("1", 1.0), trial("100", 100.0)

    assert points(one, dataclasses.replace(many, valid=False)) == ()
    assert points(one, dataclasses.replace(many, arm=2)) == ()
    assert points(one, trial("1", 1.0, repetition=2)) == ()
    assert points(trial("idle", 0.1), trial("5/s", 5.0), one) == ()
    for workload in ("trivial", "blocking"):
        assert points(*(dataclasses.replace(t, workload=workload) for t in (one, many))) == ()
    assert len(points(one, many, trial("100", 32.0, "sync"))) == 2
