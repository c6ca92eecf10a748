"""Bad days: known answers on made samples."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests import experiment as experiments
from loadtests import matrix
from loadtests.analysis.badday.fairness import jain
from loadtests.analysis.badday.records import BadDay, Fairness, OfKind, Recovery
from loadtests.analysis.badday.recovery import recovery_of
from loadtests.analysis.badday.trial import objective_ms, with_bad_day
from loadtests.analysis.instruments import Abandoned
from loadtests.analysis.saved import SavedTrial
from loadtests.analysis.schedule import digest_of
from loadtests.analysis.summary import Trial
from loadtests.analysis.trial import summarize
from loadtests.bad_days import Disturbance, judged
from loadtests.clients import Retrying, Silent
from loadtests.experiment import Experiment
from loadtests.matrix import BYSTANDER, LOAD
from loadtests.plan import Address, Burst, Stall, Target
from loadtests.results import TrialFolder
from loadtests.samples import ErrorKind, Outcome
from tests.loadtests.analysis.checks.test_steady import timed
from tests.loadtests.analysis.measured import measured
from tests.loadtests.analysis.saved import TEXT, Row, trial_of

COMPLETED, FAILED, DROPPED, CENSORED, GONE = Outcome
EXPERIMENT = experiments.parse(TEXT)


def patient(ms: float) -> Experiment:
    return EXPERIMENT.model_copy(update={"patience_ms": ms})


def planned(trial: SavedTrial, **changes: Any) -> SavedTrial:
    """The same trial, whose main stream and its target are changed by these."""
    stream = trial.plan.arrivals[0]
    target = stream.targets[0].model_copy(update=changes.pop("target", {}))
    stream = stream.model_copy(update={"targets": (target,), **changes})
    plan = trial.plan.model_copy(update={"arrivals": (stream, *trial.plan.arrivals[1:])})
    trial = dataclasses.replace(trial, plan=plan)
    report = trial.generators[0].model_copy(
        update={"schedule_digest": digest_of(trial.samples, plan)}
    )
    return dataclasses.replace(trial, generators=(report,))


def bursting(rows: Sequence[Row], **more: float) -> SavedTrial:
    burst = Burst(**{"factor": 10.0, "from_s": 4.0, "for_s": 2.0, **more})
    return planned(trial_of(rows), burst=burst)


def day_of(trial: SavedTrial, experiment: Experiment = EXPERIMENT) -> tuple[Trial, BadDay]:
    found = with_bad_day(summarize(trial), trial, experiment)
    assert found.bad_day is not None
    return found, found.bad_day


def every(ms: float, took: float = 10.0, start: float = 0.0, end: float = 10_000.0) -> list[Row]:
    return [Row(at, took) for at in np.arange(start, end, ms)]


def test_goodput_counts_what_was_answered_well_and_nothing_else() -> None:
    rows = [
        *[Row(100.0 * n, 200.0) for n in range(40)],
        *[Row(100.0 * n, 201.0) for n in range(7)],
        Row(5_000.0, 50.0, FAILED, ErrorKind.STATUS, 500),
        Row(5_000.0, 50.0, GONE, status=0),
        Row(5_000.0, 60.0, stream=BYSTANDER),
        Row(-500.0, 60.0),
    ]
    _, day = day_of(bursting(rows), patient(200.0))

    assert (day.objective_ms, day.good, day.goodput_rps) == (200.0, 40, 4.0)


def test_the_objective_is_the_experiments_or_that_of_its_capacity_or_a_second() -> None:
    searching = experiments.parse(
        TEXT.replace("[bystander]", "[capacity]\np99_ms = 300.0\n[bystander]")
    )

    assert objective_ms(EXPERIMENT) == 1000.0
    assert objective_ms(searching) == 300.0
    assert objective_ms(searching.model_copy(update={"patience_ms": 80.0})) == 80.0


@pytest.mark.parametrize(
    ("more", "longest", "at_least"),
    [
        ([], 10.0, False),
        ([Row(100.0, 900.0)], 900.0, False),
        ([Row(100.0, 900.0), Row(100.0, 901.0, CENSORED, status=0)], 901.0, True),
        ([Row(100.0, 900.0, GONE, status=0)], 900.0, True),
        ([Row(100.0, 900.0, FAILED, ErrorKind.RESET, 0)], 10.0, False),
        ([Row(100.0, None, DROPPED, status=0)], 10.0, False),
        ([Row(100.0, 900.0, stream=BYSTANDER)], 10.0, False),
    ],
)
def test_the_longest_wait_is_of_any_that_waited_answered_or_not(
    more: list[Row], longest: float, at_least: bool
) -> None:
    _, day = day_of(bursting([*every(50.0), *more]))

    assert (day.longest_wait_ms, day.at_least) == (longest, at_least)


def backlog(end_ms: float) -> list[Row]:
    """A queue that is there from 4 s on and has gone for who is due from `end_ms` on."""
    return [
        Row(at, 10.0 if at < 4_000.0 or at >= end_ms else 10.0 + (end_ms - at))
        for at in np.arange(0.0, 10_000.0, 20.0)
    ]


@pytest.mark.parametrize(
    ("end_ms", "took_s"),
    # Within 5 ms of its end the wait is below 1.5 times the usual 10 ms; 95 % of a second's fifty
    # requests are its first 47 or 48, two of the others may be late.
    [(6_000.0, 0.0), (7_000.0, 1.0), (8_600.0, 2.6), (9_900.0, None)],
)
def test_recovery_is_counted_from_the_end_of_the_burst(end_ms: float, took_s: float | None) -> None:
    _, day = day_of(bursting(backlog(end_ms)))

    assert day.recovery is not None
    assert (day.recovery.ended_s, day.recovery.before_ms, day.recovery.bound_ms) == (6, 10.0, 15.0)
    if took_s is None:
        # The last whole second of ten begins three after the burst.
        assert (day.recovery.took_s, day.recovery.looked_s) == (None, 3.0)
    else:
        assert day.recovery.took_s == pytest.approx(took_s, abs=0.1001)


def stalling(rows: Sequence[Row], **more: Any) -> SavedTrial:
    """A trial whose server calls what answers nobody from 4 to 7 s; `more` changes its stream."""
    trial = trial_of(rows)
    plan = trial.plan.model_copy(update={"stall": Stall(from_s=4.0, for_s=3.0)})
    return planned(dataclasses.replace(trial, plan=plan), **more)


@pytest.mark.parametrize(("end_ms", "took_s"), [(7_000.0, 0.0), (8_600.0, 1.6), (9_900.0, None)])
def test_recovery_is_counted_from_the_end_of_a_stall(end_ms: float, took_s: float | None) -> None:
    _, day = day_of(stalling(backlog(end_ms)))

    assert day.recovery is not None
    assert (day.recovery.ended_s, day.recovery.bound_ms, day.recovery.after) == (7, 15.0, "stall")
    if took_s is None:
        assert day.recovery.took_s is None
    else:
        assert day.recovery.took_s == pytest.approx(took_s, abs=0.1001)


def test_of_a_burst_and_a_stall_recovery_begins_where_the_last_of_them_ends() -> None:
    burst = Burst(factor=10.0, from_s=3.0, for_s=2.0)
    _, day = day_of(stalling(backlog(8_600.0), burst=burst))

    assert day.recovery is not None
    assert (day.recovery.ended_s, day.recovery.after) == (7.0, "burst and stall")
    assert day.recovery.took_s == pytest.approx(1.6, abs=0.1001)


def test_each_kind_of_request_has_what_became_of_it() -> None:
    aside = [Row(1000.0 * n, 10.0 if n % 2 else 5_000.0, stream=BYSTANDER) for n in range(10)]
    failing = [Row(4_500.0, 2_400.0, FAILED, ErrorKind.STATUS, 504) for _ in range(3)]
    waiting = [Row(6_000.0, 900.0, CENSORED, status=0)]
    _, day = day_of(stalling([*every(50.0), *aside, *failing, *waiting]))

    assert day.kinds == (
        OfKind("GET /wait?ms=5", 204, 200, 3, 900.0, at_least=True),
        OfKind("GET /hello", 10, 5, 0, 5_000.0, at_least=False),
    )


NEWS = [("outcome", "u1"), ("status", "i4"), ("error", "u1"), ("target", "i4")]
STATUS, RESET, CONNECT = ErrorKind.STATUS, ErrorKind.RESET, ErrorKind.REFUSED


@pytest.mark.parametrize(
    ("status", "error", "bad", "fails", "neither"),
    # On a bad day, where a called service is to fail, and in any other trial.
    [
        (502, STATUS, False, True, False),
        (503, STATUS, True, False, False),
        (504, STATUS, True, False, False),
        (0, RESET, True, False, False),
        (500, STATUS, False, False, False),
        (0, CONNECT, False, False, False),
    ],
)
def test_failures_that_a_plan_asks_for_are_no_fault_of_its_trial(
    status: int, error: ErrorKind, bad: bool, fails: bool, neither: bool
) -> None:
    late = [Row(4_500.0, 2_400.0, FAILED, error, status) for _ in range(30)]
    rows = [*every(50.0), *late]

    def excused(trial: SavedTrial) -> bool:
        found = [reason.code for reason in summarize(trial).reasons]
        assert found in ([], ["failures"])
        # What the generator shows while it runs follows the same rule.
        news = np.zeros(1, dtype=NEWS)
        news["outcome"], news["status"], news["error"] = FAILED, status, error
        assert len(judged(trial.plan)(news)) == len(found)
        return not found

    failing = trial_of(rows)
    plan = failing.plan.model_copy(update={"failing": True})
    assert excused(stalling(rows)) == excused(bursting(rows)) == bad
    assert excused(dataclasses.replace(failing, plan=plan)) == fails
    assert excused(trial_of(rows)) == neither


def test_a_generator_judges_nothing_by_clients_that_misbehave() -> None:
    plan = planned(trial_of([]), target={"client": Silent(kind="silent", for_s=1.0)}).plan
    news = np.zeros(
        4, dtype=[("outcome", "u1"), ("status", "i4"), ("error", "u1"), ("target", "i4")]
    )
    news["target"] = 0, 1, 0, 1

    assert judged(plan)(news)["target"].tolist() == [1, 1]


def test_nobody_left_is_no_waste_and_without_instruments_nothing_is_known() -> None:
    without, day = day_of(bursting(every(50.0)))
    assert (without.abandoned, day.wasted_s) == (None, None)

    trial = bursting(every(50.0))
    told = dataclasses.replace(without, server_side=summarize(measured()).server_side)
    left = dataclasses.replace(told, abandoned=Abandoned(7, 6.8))
    for summary, wasted_s in ((told, 0.0), (left, 6.8)):
        found = with_bad_day(summary, trial, EXPERIMENT).bad_day
        assert found is not None
        assert found.wasted_s == wasted_s


def test_who_is_not_answered_has_not_recovered() -> None:
    rows = [
        Row(at, 10.0) if at < 5_000.0 else Row(at, 20.0, GONE, status=0)
        for at in np.arange(0.0, 10_000.0, 20.0)
    ]
    _, day = day_of(bursting(rows))

    assert day.recovery == Recovery(6.0, 10.0, 15.0, None, looked_s=3.0)


def test_at_a_low_rate_a_longer_time_is_looked_at() -> None:
    """Of 5 a second 20 take four seconds, and one of them may be late."""
    due_s = np.arange(0.0, 20.0, 0.2)
    wait_ms = np.where((due_s >= 5.0) & (due_s < 9.9), 500.0, 10.0)
    found = recovery_of(due_s, wait_ms, [Disturbance("burst", 5.0, 7.0)], 20.0)

    assert found is not None
    # From 9.6 s on four seconds hold two that were late, from 9.7 s on one.
    assert found.took_s == pytest.approx(2.7, abs=0.11)


def test_without_a_before_nothing_is_known_of_after() -> None:
    due_s = np.arange(0.0, 10.0, 0.1)
    waits = np.full(100, 10.0)

    soon, late = Disturbance("stall", 1.9, 4.0), Disturbance("stall", 2.1, 4.0)
    assert recovery_of(due_s, waits, [soon], 10.0) is None
    assert recovery_of(due_s, waits, [late, soon], 10.0) is None
    assert recovery_of(due_s, waits, [late], 10.0) is not None
    assert recovery_of(due_s, np.full(100, math.inf), [late], 10.0) is None


@pytest.mark.parametrize(
    ("shares", "index"),
    [
        ([1.0, 1.0, 1.0, 1.0], 1.0),
        ([1.0, 0.0, 0.0, 0.0], 0.25),
        ([1.0, 1.0, 0.0, 0.0], 0.5),
        # The paper's own example: 20 dollars for 20 of 100 people, and for 80 of them.
        ([20.0] * 20 + [0.0] * 80, 0.2),
        ([20.0] * 80 + [0.0] * 20, 0.8),
        ([1.0, 3.0], 0.8),
        ([5.0], None),
        ([0.0, 0.0], None),
    ],
)
def test_jains_index_is_as_published(shares: list[float], index: float | None) -> None:
    assert jain(shares) == (None if index is None else pytest.approx(index))


@given(st.lists(st.floats(0.01, 1e3), min_size=2, max_size=20), st.floats(0.1, 10.0))
def test_fairness_is_between_one_of_all_and_all_and_has_no_unit(
    shares: list[float], unit: float
) -> None:
    index = jain(shares)

    assert index is not None
    assert 1.0 / len(shares) - 1e-9 <= index <= 1.0 + 1e-9
    assert jain([unit * share for share in shares]) == pytest.approx(index)


def test_fairness_is_among_kinds_of_requests_by_their_share_of_good_answers() -> None:
    """All of the load's, and a half of the bystander's: (1.5)² / (2 × 1.25)."""
    aside = [Row(1000.0 * n, 10.0 if n % 2 else 5_000.0, stream=BYSTANDER) for n in range(10)]
    _, day = day_of(bursting([*every(50.0), *aside]))

    assert day.fairness == (Fairness("kinds of requests", 2, 0.9),)


def test_retries_are_counted_per_request_and_given_up_ones_are_gone() -> None:
    rows = [Row(100.0 * n, 50.0, attempts=1) for n in range(60)]
    rows += [Row(100.0 * n, 650.0, attempts=2) for n in range(20)]
    rows += [Row(100.0 * n, 2_000.0, GONE, status=0, attempts=4) for n in range(20)]
    rows += [Row(10.0, None, DROPPED, status=0)]
    client = Retrying(kind="retrying", patience_ms=500.0, attempts=4)
    trial = planned(trial_of(rows), target={"client": client})
    summary, day = day_of(trial)

    assert (summary.requests.completed, summary.requests.gone) == (80, 20)
    assert day.attempts == (60 + 40 + 80) / 100
    # Nobody knows how long they would have waited: at least as long as they did.
    assert (summary.latency_ms.p50, summary.latency_ms.max) == (50.0, 2_000.0)
    assert summary.latency_ms.lower_bound_from_ms == 2_000.0
    assert (day.longest_wait_ms, day.at_least) == (2_000.0, True)
    assert [reason.code for reason in summary.reasons if reason.code != "dropped"] == []


def test_the_time_until_work_is_accepted_is_told_beside_that_until_it_is_delivered() -> None:
    rows = [Row(100.0 * n, 900.0, accepted=100.0 * n + 4.0) for n in range(50)]
    client = {"client": Silent(kind="silent", for_s=1.0)}
    summary, day = day_of(planned(trial_of(rows), target=client))

    assert (day.accepted_ms, summary.latency_ms.p50) == (4.0, 900.0)


def misbehaving(rows: Sequence[Row]) -> SavedTrial:
    """A trial with silent clients, whose rows have the stream `silent`."""
    trial = trial_of([dataclasses.replace(r, stream=LOAD) for r in rows])
    silent = np.array([row.stream == "silent" for row in rows])
    aside = np.array([row.stream == BYSTANDER for row in rows])
    samples = dataclasses.replace(
        trial.samples,
        stream=np.where(silent, 2, np.where(aside, 1, 0)).astype(np.int32),
        streams=(LOAD, BYSTANDER, "silent"),
        kind=np.where(silent, 2, np.where(aside, 1, 0)).astype(np.int32),
        kinds=(*trial.samples.kinds, "GET /hello as a silent client"),
        url=np.where(silent | aside, 1, 0).astype(np.int32),
    )
    stream = trial.plan.arrivals[0]
    one = Target(
        number=2, stream="silent", path="/hello", url="/hello", weight=1.0,
        kind="GET /hello as a silent client", client=Silent(kind="silent", for_s=4.0),
    )  # fmt: skip
    stream = stream.model_copy(update={"targets": (*stream.targets, one)})
    plan = trial.plan.model_copy(update={"arrivals": (stream, *trial.plan.arrivals[1:])})
    report = trial.generators[0].model_copy(update={"schedule_digest": digest_of(samples, plan)})
    return dataclasses.replace(trial, plan=plan, samples=samples, generators=(report,))


def test_misbehaving_clients_are_in_no_figure_of_the_good_ones() -> None:
    silent = [Row(200.0 * n, 4_000.0, GONE, status=0, stream="silent") for n in range(20)]
    refused = [
        Row(200.0 * n, 30.0, FAILED, ErrorKind.STATUS, 408, stream="silent") for n in range(30)
    ]
    good = every(100.0)
    summary, day = day_of(misbehaving([*good, *silent, *refused]))
    alone = summarize(trial_of(good))

    assert summary.valid
    assert summary.reasons == ()
    assert (summary.requests, summary.latency_ms) == (alone.requests, alone.latency_ms)
    assert (summary.offered_rps, summary.achieved_rps) == (10.0, 10.0)
    assert (day.longest_wait_ms, day.good) == (10.0, 100)
    found = summary.misbehaving["silent"]
    assert (found.requests.scheduled, found.requests.gone, found.requests.failed) == (50, 20, 30)
    assert found.errors == {"status 408": 30}
    assert found.latency_ms.max is None


def test_failures_of_good_clients_still_count_among_many_bad_ones() -> None:
    silent = [Row(10.0 * n, 40.0, GONE, status=0, stream="silent") for n in range(900)]
    failing = [Row(100.0 * n, 5.0, FAILED, STATUS, 500) for n in range(3)]
    summary, _ = day_of(misbehaving([*every(100.0), *silent, *failing]))

    assert [reason.code for reason in summary.reasons] == ["failures"]
    assert summary.reasons[0].text == "3 of 103 requests failed"


def test_a_request_that_was_lost_is_missed_whoever_sent_it() -> None:
    trial = misbehaving([*every(100.0), Row(10.0, 40.0, GONE, status=0, stream="silent")])
    report = trial.generators[0].model_copy(update={"scheduled": 102})
    summary = summarize(dataclasses.replace(trial, generators=(report,)))

    assert [reason.code for reason in summary.reasons] == ["conservation"]
    assert summary.reasons[0].text == "102 requests were scheduled, 101 have a fate"


def test_an_ordinary_trial_has_no_bad_day() -> None:
    trial = trial_of(every(50.0))
    found = summarize(trial)

    assert with_bad_day(found, trial, EXPERIMENT) is found
    assert (found.bad_day, found.misbehaving) == (None, {})


def test_what_holds_in_a_steady_state_only_is_not_asked_of_a_burst() -> None:
    """A latency that falls may be a burst's, and is no sign of a warm-up that goes on."""
    drifting = timed(lambda at: 1.0 + np.exp(-at / 3e3), count=600, usual=4.0)
    steady = measured(drifting)
    burst = planned(steady, burst=Burst(factor=2.0, from_s=4.0, for_s=2.0))

    assert "drifting" in [reason.code for reason in summarize(steady).reasons]
    assert "drifting" not in [reason.code for reason in summarize(burst).reasons]


def test_the_laws_hold_over_a_burst_and_are_not_asked_where_clients_leave() -> None:
    """They are exact on any window; but who leaves is served on, and tells nothing of it."""
    trial = measured()
    client = {"client": Silent(kind="silent", for_s=1.0)}
    burst = planned(trial, burst=Burst(factor=2.0, from_s=4.0, for_s=2.0))

    assert len(summarize(trial).laws) == len(summarize(burst).laws) == 2
    assert summarize(planned(trial, target=client)).laws == ()


def test_a_generated_plan_knows_its_misbehaving_clients_from_the_others() -> None:
    text = TEXT.replace(
        'requests = [{ path = "/wait", params = { ms = 5 } }]',
        """requests = [
            { path = "/wait", params = { ms = { uniform = [1, 4] } }, weight = 8.0 },
            { path = "/hello", client = { kind = "retrying", patience_ms = 50, attempts = 2 } },
            { path = "/hello", client = { kind = "silent", for_s = 2.0 } },
        ]""",
    )
    experiment = experiments.parse(text)
    spec = matrix.trials(experiment)[0]
    plan = matrix.generator_plan(experiment, spec, Address(1), TrialFolder(Path()), 0)

    seen = [(t.number, t.stream, t.url, t.weight, t.kind) for t in plan.targets]
    wait = "GET /wait?ms=uniform(1,4)"
    assert seen == [
        *((n, LOAD, f"/wait?ms={n + 1}", 2.0, wait) for n in range(4)),
        (4, LOAD, "/hello", 1.0, "GET /hello as retrying client (50 ms, 2 attempts)"),
        (5, "silent", "/hello", 1.0, "GET /hello as silent client (sends nothing, 2 s)"),
        (6, BYSTANDER, "/hello", 1.0, "GET /hello"),
    ]
