"""Every metric before and after a known request: on every profile, with one and two workers."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from servers.budget import Budget
from servers.metrics import BUCKETS, EVENTS, METRICS
from servers.profiles import PROFILES
from tests.servers.live import Live, ask, running
from tests.servers.stack import Scrape, Stack, exported

AGO_S = 0.03
WAIT_S = 0.04
SLACK_S = 0.3
AMOUNTS = (300, 500, 1_000, 1_000, 1_000)
# One place for everything, so that the second request waits for it.
ONE = {"slots": 1, "pool_processes": 1, "job_slots": 1, "job_limit": 2}
HOLDS_WHILE_WAITING = ("sync", "gthread")
HAS_A_LOOP = ("gevent", "asgi", "uvloop", "hybrid", "gunicorn-asgi")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with exported(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@dataclass(frozen=True, slots=True)
class Served:
    """A profile that runs with so many worker processes, and its stack."""

    name: str
    workers: int
    live: Live
    stack: Stack

    def scrape(self) -> Scrape:
        return self.stack.scrape(self.name)

    def at_rest(self) -> Scrape:
        """A scrape when every request has ended."""
        return self.stack.at_rest(self.name)

    def measured(self, target: str, ago_s: float = 0.0) -> dict[str, float]:
        """Ask, as if the request had been sent a while ago; returns the split in seconds."""
        stamp = f"t={int((time.time() - ago_s) * 1e6)}"
        headers = {"X-Request-Start": stamp, "Connection": "close"}
        answer = ask(self.live.port, "GET", target, headers)
        assert answer.status == 200
        parts = [part.split(";") for part in answer.headers["server-timing"].split(", ")]
        return {name: float(v[4:]) / 1000 for name, v in parts if v.startswith("dur=")}

    @contextmanager
    def under_way(self, target: str, requests: int) -> Iterator[list[threading.Thread]]:
        """So many requests at once, each of a thread; they have ended when the block has."""
        asking = [
            threading.Thread(target=ask, args=(self.live.port, "GET", target, {}))
            for _ in range(requests)
        ]
        for one in asking:
            one.start()
        yield asking
        for one in asking:
            one.join()

    def seen(self, target: str, requests: int, wanted: Callable[[Scrape], bool]) -> Scrape:
        """The first scrape that is as wanted while so many requests are under way.

        A busy host scrapes too late to see short ones, so they take longer from time to time.
        """
        for amount in AMOUNTS:
            with self.under_way(target.format(amount), requests) as asking:
                while any(one.is_alive() for one in asking):
                    if wanted(found := self.scrape()):
                        return found
        raise AssertionError(f"{self.name}: {target} was never seen as wanted")


@pytest.fixture(
    scope="module",
    params=[(n, w) for n in PROFILES for w in (1, 2)],
    ids=lambda p: f"{p[0]}-{p[1]}",
)
def served(request: pytest.FixtureRequest, stack: Stack) -> Iterator[Served]:
    name, workers = request.param
    with running(name, Budget(workers=workers, **ONE), ledgers=stack.folder) as live:
        stack.until(name, lambda s: s.total("testbed_workers") == workers, "all workers are there")
        yield Served(name, workers, live, stack)


def test_a_measured_request_is_counted_in_full(served: Served) -> None:
    before = served.at_rest()
    split = served.measured(f"/wait?ms={WAIT_S * 1000:.0f}", AGO_S)
    ended = before.total("testbed_worker_measured_requests_total") + 1
    served.stack.until(
        served.name,
        lambda s: s.total("testbed_worker_measured_requests_total") == ended,
        "the request is counted",
    )
    # One number of it may be read before the next is written: in another scrape all of them are.
    after = served.scrape()

    def grown(name: str, **labels: str) -> float:
        return after.total(name, **labels) - before.total(name, **labels)

    route = {"http_route": "/wait"}
    answer = route | {"http_request_method": "GET", "http_response_status_code": "200"}
    assert grown("testbed_requests_total", **answer) == 1
    assert grown("testbed_worker_requests_total") == 1
    assert grown("http_server_request_duration_seconds_count", **answer) == 1
    duration = grown("http_server_request_duration_seconds_sum", **answer)
    # uvloop's timers may be early by almost a millisecond.
    assert WAIT_S - 0.001 <= duration < WAIT_S + SLACK_S
    below, above = (f"{bound:.12g}" for bound in (BUCKETS[0], BUCKETS[-1]))
    assert grown("http_server_request_duration_seconds_bucket", le=below, **answer) == 0
    assert grown("http_server_request_duration_seconds_bucket", le=above, **answer) == 1
    assert grown("http_server_request_duration_seconds_bucket", le="+Inf", **answer) == 1

    assert grown("testbed_request_queue_seconds_count", **route) == 1
    queue = grown("testbed_request_queue_seconds_sum", **route)
    assert AGO_S - 0.001 <= queue < AGO_S + SLACK_S
    assert queue == pytest.approx(split["queue"], abs=2e-6)

    cpu = grown("testbed_request_cpu_seconds_total", **route)
    wait = grown("testbed_request_wait_seconds_total", **route)
    assert 0 < cpu < WAIT_S
    assert cpu + wait == pytest.approx(duration, abs=1e-3)

    for name in ("testbed_request_hold_seconds", "testbed_request_longest_step_seconds"):
        assert grown(f"{name}_count", **route) == 1
        held = grown(f"{name}_sum", **route)
        assert (held >= WAIT_S) == (served.name in HOLDS_WHILE_WAITING), f"{name}: {held}"
        assert 0 < held <= duration + 1e-3
    hold = grown("testbed_request_hold_seconds_sum", **route)
    assert grown("testbed_worker_hold_seconds_total") == pytest.approx(hold, abs=1e-6)


def test_a_request_without_a_stamp_is_only_counted(served: Served) -> None:
    before = served.at_rest()
    headers = ask(served.live.port, "GET", "/hello", {"Connection": "close"}).headers
    after = served.stack.until(
        served.name,
        lambda s: (
            s.total("testbed_requests_total", http_route="/hello")
            == before.total("testbed_requests_total", http_route="/hello") + 1
        ),
        "the request is counted",
    )

    assert "server-timing" not in headers
    measured = "http_server_request_duration_seconds_count"
    assert after.total(measured) == before.total(measured)


def test_a_refusal_is_counted_under_a_label_that_nobody_can_choose(served: Served) -> None:
    before = served.at_rest()
    ask(served.live.port, "GET", "/whatever/one/asks", {})
    ask(served.live.port, "GET", "/wait?ms=never", {})

    def refused(scrape: Scrape) -> tuple[float, float]:
        return tuple(
            scrape.total("testbed_requests_total", http_route=r, http_response_status_code=s)
            - before.total("testbed_requests_total", http_route=r, http_response_status_code=s)
            for r, s in (("", "404"), ("/wait", "422"))
        )  # type: ignore[return-value]

    served.stack.until(served.name, lambda s: refused(s) == (1, 1), "both are counted")


def test_a_request_under_way_is_active_and_has_a_connection(served: Served) -> None:
    for ms in (300, 1_000, 3_000, 10_000):
        # A busy host may look at its connections too late for a short request.
        with served.under_way(f"/wait?ms={ms}", requests=1):
            deadline = time.monotonic() + 0.9 * ms / 1000
            seen = False
            while not seen and time.monotonic() < deadline:
                during = served.scrape()
                active = during.total("http_server_active_requests")
                seen = active == 1 and during.total("testbed_open_connections") >= 1
        if seen:
            break
    assert seen
    assert len(during.values("testbed_open_connections")) == served.workers
    after = served.stack.until(
        served.name, lambda s: s.total("http_server_active_requests") == 0, "it is active no more"
    )
    assert len(after.values("http_server_active_requests")) == served.workers


def test_requests_under_way_add_up_over_time(served: Served) -> None:
    name, begun = "testbed_active_request_seconds_total", time.monotonic()
    before = served.at_rest().total(name)
    with served.under_way("/wait?ms=600", requests=1):
        pass
    took_s = time.monotonic() - begun
    after = served.stack.until(
        served.name, lambda s: s.total(name) - before >= 0.55, "it was there for 0.6 s"
    )

    assert after.total(name) - before <= took_s + 0.05
    assert after.total("testbed_sampled_seconds_total") >= 0.55


def test_workers_and_their_processes_are_seen_from_outside(served: Served) -> None:
    before = served.at_rest()
    served.measured("/cpu?units=100")
    after = served.scrape()
    role = {"role": "worker"}

    assert after.total("testbed_workers") == served.workers
    assert after.values("testbed_worker_slots") == [1] * served.workers
    cpu = "testbed_process_cpu_seconds_total"
    assert after.total(cpu) - before.total(cpu) >= 0.02
    resident = after.values("testbed_process_resident_memory_bytes", **role)
    proportional = after.values("testbed_process_proportional_memory_bytes", **role)
    assert len(resident) == len(proportional) == served.workers
    assert all(10e6 < one < 1e9 for one in resident)
    assert 0 < sum(proportional) <= sum(resident)
    assert all(one >= 1 for one in after.values("testbed_process_threads", **role))
    switches, delay = "testbed_process_context_switches_total", "testbed_process_run_queue_delay"
    left = {"kind": "voluntary"} | role
    assert after.total(switches, **left) > before.total(switches, **left)
    assert after.total(switches, kind="involuntary", **role) >= 1
    assert after.total(f"{delay}_seconds_total") >= before.total(f"{delay}_seconds_total") > 0


def test_a_loop_has_stalls_as_a_random_arrival_would_feel_them(served: Served) -> None:
    stalls = "testbed_event_loop_stall_seconds"
    if served.name not in HAS_A_LOOP:
        assert served.scrape().values(f"{stalls}_count") == []
        return
    before = served.stack.until(
        served.name,
        lambda s: all(
            s.total(f"{stalls}_count", worker=worker) > 0
            for worker in s.label_values("testbed_worker_slots", "worker")
        ),
        "every loop's baseline is known",
    )
    baselines = before.values("testbed_event_loop_baseline_seconds")
    assert len(baselines) == served.workers
    assert all(abs(baseline) < 0.02 for baseline in baselines)

    longest, route = "testbed_request_longest_step_seconds", {"http_route": "/cpu"}
    split = served.measured("/cpu?units=300")
    took_s = split["cpu"] + split["wait"]
    steps = before.total(f"{longest}_count", **route) + 1
    counted = served.stack.until(
        served.name,
        lambda s: s.total(f"{longest}_count", **route) == steps,
        "the request is counted",
    )
    workers = counted.label_values("testbed_worker_slots", "worker")
    after = served.stack.until(
        served.name,
        lambda s: all(
            s.total(f"{stalls}_count", worker=worker)
            > counted.total(f"{stalls}_count", worker=worker) + 5
            for worker in workers
        ),
        "every loop beats on",
    )

    # On average half of the stall, for all of its length: of a stall of s, s²/2 every 10 ms.
    felt = after.total(f"{stalls}_sum") - before.total(f"{stalls}_sum")
    step_s = after.total(f"{longest}_sum", **route) - before.total(f"{longest}_sum", **route)
    if served.name == "hybrid":
        assert felt < 0.1 * took_s**2 / 2 / 0.01
    else:
        assert 0.8 * step_s**2 / 2 / 0.01 <= felt <= 1.5 * (step_s + 0.1) ** 2 / 2 / 0.01


def test_a_loop_that_stands_still_is_seen_to_while_it_does(served: Served) -> None:
    stalled = "testbed_event_loop_stalled_seconds"
    if served.name not in HAS_A_LOOP:
        assert served.scrape().values(stalled) == []
        return
    # In the pools of this one a computation would stop no loop, and in gevent a sleep does not.
    target = "/cpu?units={}" if served.name == "gevent" else "/blocking?ms={}"
    if served.name == "hybrid":
        longest = 0.0
        with served.under_way(target.format(500), requests=1) as asking:
            while any(one.is_alive() for one in asking):
                longest = max(longest, *served.scrape().values(stalled))
        assert longest < 0.1
    else:
        served.seen(target, 1, lambda s: max(s.values(stalled)) >= 0.1)
    now_s = time.perf_counter()
    due = served.scrape().values("testbed_event_loop_due_seconds")
    assert len(due) == served.workers
    assert all(abs(due_s - now_s) < 5.0 for due_s in due)


def idle(served: Served) -> None:
    """Wait until no job runs or waits."""
    served.stack.until(
        served.name,
        lambda s: s.total("testbed_jobs_running") == 0 == max(s.values("testbed_jobs_waiting")),
        "none runs or waits",
    )


def has_run_since(before: Scrape) -> Callable[[Scrape], bool]:
    """Whether a job runs, or is done since a scrape."""
    done = "testbed_jobs_done_total"
    return lambda s: s.total("testbed_jobs_running") == 1 or s.total(done) > before.total(done)


def test_deferred_jobs_are_counted(served: Served) -> None:
    """With one slot for all workers, and room for two that wait."""
    short_ms = 20
    waiting, running = "testbed_jobs_waiting", "testbed_jobs_running"
    wait, delivery = "testbed_job_wait_seconds", "testbed_job_delivery_seconds"

    def post(ms: int) -> int:
        return ask(served.live.port, "POST", f"/jobs?ms={ms}", {}).status

    def grown(name: str, **labels: str) -> float:
        return after.total(name, **labels) - before.total(name, **labels)

    # A busy host may ask for the last one when the first is done, so that takes longer then.
    for long_ms in (1_000, 3_000, 10_000):
        before = served.at_rest()
        statuses = [post(long_ms)]
        served.stack.until(served.name, has_run_since(before), "the first one runs, or has")
        statuses += [post(short_ms) for _ in range(3)]
        during = served.scrape()
        if statuses[-1] == 503 and during.total(running) == 1 and max(during.values(waiting)) == 2:
            break
        idle(served)
    assert statuses == [202, 202, 202, 503]
    done = before.total("testbed_jobs_done_total") + 3
    after = served.stack.until(
        served.name,
        lambda s: s.total("testbed_jobs_done_total") == done == s.total(f"{delivery}_count"),
        "all that were accepted are done",
    )

    assert max(during.values(waiting)) == 2
    assert during.total(running) == 1
    assert grown("testbed_jobs_accepted_total") == 3
    assert grown("testbed_jobs_refused_total") == 1
    assert grown("testbed_jobs_failed_total") == 0
    assert grown(f"{wait}_count") == 3
    worked_s = (long_ms + 2 * short_ms) / 1000
    # An event loop may wake up to a clock tick of 1 ms early.
    took_s = grown(f"{delivery}_sum") - grown(f"{wait}_sum")
    assert worked_s - 0.003 <= took_s < worked_s + 1.5 * SLACK_S
    above = f"{BUCKETS[-1]:.12g}"
    assert grown(f"{delivery}_bucket", le=above) == grown(f"{wait}_bucket", le=above) == 3
    idle(served)


POOLS = {
    "gthread": ("executor", "/wait?ms=500"),
    "asgi": ("threads", "/offload?ms={}"),
    "uvloop": ("processes", "/cpu-offload?units={}"),
    "hybrid": ("threads", "/blocking?ms={}"),
    "gunicorn-asgi": ("processes", "/cpu-offload?units={}"),
}


def test_who_waits_for_a_pool_is_counted_there(served: Served) -> None:
    if served.name == "sync":
        assert served.scrape().values("testbed_pool_slots") == []
        return
    if served.name == "gevent":
        busy = "testbed_pool_busy_slots"
        served.seen("/wait?ms={}", 3, lambda s: s.total(busy, pool="greenlets") >= 3)
        assert served.scrape().total("testbed_pool_slots", pool="greenlets") >= 10_000
        return
    pool, target = POOLS[served.name]
    served.measured(target.partition("=")[0] + "=1")
    # With several workers one of them gets two of five at least.
    requests = 2 * served.workers + 1
    during = served.seen(
        target,
        requests,
        lambda s: (
            s.total("testbed_pool_waiting_requests", pool=pool) >= 1
            and s.total("testbed_pool_busy_slots", pool=pool) >= 1
        ),
    )
    after = served.stack.until(
        served.name,
        lambda s: s.total("testbed_pool_waiting_requests", pool=pool) == 0,
        f"nothing waits for {pool} any more",
    )

    assert set(during.values("testbed_pool_slots", pool=pool)) == {1}
    assert len(during.values("testbed_pool_waiting_max_requests", pool=pool)) == served.workers
    served.scrape()
    served.stack.until(
        served.name,
        lambda s: s.total("testbed_pool_waiting_max_requests", pool=pool) == 0,
        "the maximum begins anew",
    )
    assert after.total("testbed_pool_slots", pool=pool) == served.workers


def test_connections_that_nobody_accepts_wait_in_the_accept_queue(served: Served) -> None:
    profile, budget = PROFILES[served.name], Budget(workers=served.workers, **ONE)
    queue = "testbed_accept_queue_connections"
    quiet = served.stack.until(served.name, lambda s: s.values(queue) == [0], "nothing waits")
    limit = profile.facts(budget)["backlog"]
    assert quiet.total("testbed_accept_queue_limit_connections") == limit

    pids = [int(pid) for pid in quiet.label_values("testbed_worker_slots", "worker")]
    assert len(pids) == profile.worker_processes(budget)
    with ExitStack() as stack:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
            stack.callback(os.kill, pid, signal.SIGCONT)
        for _ in range(5):
            stack.enter_context(socket.create_connection(("127.0.0.1", served.live.port)))
        served.stack.until(served.name, lambda s: s.values(queue) == [5], "five wait")
    first = served.stack.until(served.name, lambda s: s.values(queue) == [0], "none waits")
    assert first.values("testbed_accept_queue_max_connections") <= [5]
    assert served.scrape().values("testbed_accept_queue_max_connections") == [0]


def test_every_metric_of_servers_is_asserted_somewhere() -> None:
    texts = "".join(path.read_text() for path in Path(__file__).parent.glob("*.py"))
    mine = [m for m in METRICS.values() if m.writer in ("worker", "exporter")]
    wanted = {metric.name for metric in mine}

    assert {name for name in wanted if name.removesuffix("_seconds_total") not in texts} == set()


def test_the_hosts_events_are_there(stack: Stack) -> None:
    scrape = stack.scrape()
    for event in EVENTS:
        assert len(scrape.values("testbed_host_tcp_events_total", event=event)) == 1
    assert scrape.total("testbed_host_cpu_seconds_total", mode="idle") > 0


def test_promtool_finds_no_fault(stack: Stack) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: apt install prometheus)")
    text = stack.text()
    assert len(stack.scrape().samples) > 100
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=text, text=True, capture_output=True, check=False
    )

    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
