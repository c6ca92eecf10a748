"""A real Prometheus scrapes servers that call on others: what the panels of that then answer."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from tests.dashboards.grafana.services_run import (
    CALL_EVERY_S,
    CALL_S,
    CALLERS,
    FAILURES,
    JOB_EVERY_S,
    JOB_S,
    LEAVE_EVERY_S,
    LEFT_S,
    PROFILES,
    READ_EVERY_S,
    SEEN_S,
    SLEEP_S,
    Run,
    scraped,
)
from tests.dashboards.grafana.shown import HEADER, OF_SERVICES, QUERIES, Asked, filled, selectors
from tests.dashboards.prometheus.programs import program

pytestmark = [
    pytest.mark.slow,
    pytest.mark.alone,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of sockets and threads"),
]
ASKED = [one for one in QUERIES if one.dashboard in OF_SERVICES and one.panel not in HEADER]
CALLS = CALLERS / CALL_EVERY_S


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    program("prometheus")
    with scraped(tmp_path_factory.mktemp("run")) as found:
        yield found


EACH = [
    pytest.param(asked, profile, id=f"{asked} · {profile}")
    for asked in ASKED
    for profile in (PROFILES if "$profile" in asked.expression else (".*",))
]


@pytest.mark.parametrize(("asked", "profile"), EACH)
def test_every_query_has_finite_data_of_both_servers_throughout(
    asked: Asked, profile: str, run: Run
) -> None:
    found = run.prometheus.over(filled(asked.expression, profile), run.start, run.end)

    assert found, asked.expression
    assert all(series.finite for series in found), found
    assert max(len(series.values) for series in found) >= SEEN_S, found


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_every_selector_matches_series_that_are_served(asked: Asked, run: Run) -> None:
    for selector in selectors(asked.expression):
        # No job fails that only sleeps.
        if selector.name != "testbed_jobs_failed_total":
            assert run.prometheus.at(selector.text, run.end), selector


def means(run: Run, panel: str, letter: str = "A", profile: str = ".*") -> dict[str, float]:
    """What a query comes to in the time that is looked at, by its series' names in the legend."""
    (asked,) = [one for one in ASKED if (one.panel, one.letter) == (panel, letter)]
    found: dict[str, float] = {}
    for series in run.prometheus.over(filled(asked.expression, profile), run.start, run.end):
        name = asked.legend
        for label, value in series.labels.items():
            name = name.replace(f"{{{{{label}}}}}", value)
        found[name] = sum(series.values.values()) / len(series.values)
    return found


def test_requests_that_call_are_told_by_what_they_call_and_what_became_of_them(run: Run) -> None:
    panel = "Requests that call on others, per second"
    answered, failed = means(run, panel), means(run, panel, "B")

    for profile in PROFILES:
        call, read = f"{profile} /downstream", f"{profile} /db"
        assert answered[f"{call} answered"] + failed[f"{call} failed"] == pytest.approx(
            CALLS, rel=0.2
        )
        assert 0 < failed[f"{call} failed"] < 2 * FAILURES * CALLS
        assert answered[f"{read} answered"] > 0.5 / READ_EVERY_S
        assert failed[f"{read} failed"] == 0
    assert len(answered) == len(failed) == 4
    # A process answers those whose client has left as well; a loop has ended them.
    more = answered["sync /db answered"] - answered["uvloop /db answered"]
    assert more == pytest.approx(1 / LEAVE_EVERY_S, rel=0.5)


def test_only_those_who_share_a_connection_wait_for_one(run: Run) -> None:
    in_use = means(run, "Connections in use")
    share = means(run, "Connections in use, of those allowed")
    wait = means(run, "Wait for a connection")
    most = means(run, "Who waits for a connection")

    # Of three callers at once the loop's one connection serves one; sync workers have one each.
    assert share["uvloop downstream"] == in_use["uvloop downstream"]
    assert 0.3 < in_use["uvloop downstream"] <= 1
    assert share["sync downstream"] == in_use["sync downstream"] / 4
    assert CALL_S < wait["uvloop downstream p99"] < 4 * CALL_S
    assert wait["sync downstream p99"] < CALL_S / 4
    assert most["uvloop downstream most"] > 1
    assert most["sync downstream most"] < most["uvloop downstream most"] / 2
    assert {"sync database", "uvloop database"} < in_use.keys()
    time_in = means(run, "Their time in the application", "B")
    assert CALL_S < time_in["uvloop /downstream p50"] < 4 * CALL_S
    assert time_in["sync /db p50"] < CALL_S


def test_the_service_answers_what_both_servers_call_and_was_not_the_bottleneck(run: Run) -> None:
    def service(panel: str, letter: str = "A") -> dict[str, float]:
        return {
            name.replace(str(run.service), "its").removeprefix("its").strip(): value
            for name, value in means(run, panel, letter).items()
        }

    answered = service("Calls answered per second: the service")
    assert sum(answered.values()) == pytest.approx(2 * CALLS, rel=0.2)
    assert answered.keys() == {"200", "500"}
    # Little's law: calls per second, times what each of them takes.
    calls = "Calls under way: the service"
    assert 0.4 * CALLS * CALL_S < service(calls)["under way"] < 4 * CALLS * CALL_S
    assert service(calls, "B") == {"wait": 0}
    assert 1 <= service(calls, "C")["most"] <= 5
    lateness = "Lateness of answers: the service"
    assert service(lateness)["late p99"] < CALL_S
    assert CALL_S / 2 < service(lateness, "B")["meant p99"] < 2 * CALL_S
    assert 0 < service("CPU: the service")[""] < 0.5


def test_jobs_are_accepted_as_fast_as_they_are_done_and_the_others_refused(run: Run) -> None:
    fates, refusals = "Jobs accepted and done per second", "Jobs refused and failed per second"
    accepted, done = means(run, fates), means(run, fates, "B")
    refused, failed = means(run, refusals), means(run, refusals, "B")
    wait, delivery = means(run, "Wait of jobs", "B"), means(run, "Delivery of jobs", "B")
    waiting, runs = means(run, "Jobs that wait"), means(run, "Jobs that run")

    for profile in PROFILES:
        assert accepted[f"{profile} accepted"] == pytest.approx(done[f"{profile} done"], rel=0.4)
        assert 0.4 / JOB_S < done[f"{profile} done"] < 1.2 / JOB_S
        offered = accepted[f"{profile} accepted"] + refused[f"{profile} refused"]
        assert offered == pytest.approx(1 / JOB_EVERY_S, rel=0.25)
        assert failed[f"{profile} failed"] == 0
        assert 1 < waiting[profile] <= 2
        assert 0.5 < runs[profile] <= 1
        assert wait[f"{profile} p50"] > JOB_S / 2
        assert delivery[f"{profile} p50"] > wait[f"{profile} p50"] + JOB_S / 2


def test_only_the_worker_that_hears_nothing_goes_on_when_its_client_has_left(run: Run) -> None:
    left = means(run, "Clients that left, per second")
    lost = means(run, "Requests that go on for nobody")

    for profile in PROFILES:
        assert left[profile] == pytest.approx(1 / LEAVE_EVERY_S, rel=0.4)
    assert lost["sync"] == pytest.approx((SLEEP_S - LEFT_S) / LEAVE_EVERY_S, rel=0.4)
    assert lost["uvloop"] < lost["sync"] / 10


def test_a_service_that_has_ended_is_shown_no_longer(run: Run) -> None:
    """What it has counted stays, and would be a line at zero."""
    asked = [one for one in ASKED if "$profile" not in one.expression]
    assert len(asked) == 7

    os.kill(run.service, signal.SIGKILL)
    run.prometheus.until("absent(testbed_downstream_active_requests)", 10)
    # A window later nothing is left of what the gauges have been.
    run.prometheus.until("absent(max_over_time(testbed_downstream_active_requests[5s]))", 20)

    assert run.prometheus.now("testbed_downstream_requests_total")
    for one in asked:
        assert run.prometheus.now(filled(one.expression)) == [], one
