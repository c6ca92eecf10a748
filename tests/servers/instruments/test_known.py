"""The split, the hold and the lines against servers whose queue and steps are known."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from itertools import accumulate
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from servers.budget import Budget
from servers.instruments import wsgi
from servers.profiles import PROFILES
from servers.settings import Settings
from tests.servers.live import ask, running
from tests.servers.stack import Stack, exported

pytestmark = pytest.mark.slow

S_MS = 50
SIMULTANEOUS = 6
ATTEMPTS = 4
"""A busy host delays by tens of milliseconds: the best of a few attempts is the server's own."""
# Each of them serves one request at a time, whatever it waits for.
ONE_AT_A_TIME = {"sync": "/wait", "gthread": "/wait", "uvloop": "/blocking", "gevent": "/cpu"}


def stamped() -> dict[str, str]:
    return {"X-Request-Start": f"t={time.time_ns() // 1000}", "Connection": "close"}


def split_ms(headers: dict[str, str]) -> dict[str, float]:
    parts = [part.split(";dur=") for part in headers["server-timing"].split(", ")]
    return {part[0]: float(part[1]) for part in parts if len(part) == 2}


def simultaneous(port: int, target: str) -> list[dict[str, float]]:
    """The splits of requests sent at the same moment, by how long they have queued."""
    together = threading.Barrier(SIMULTANEOUS)
    found: list[dict[str, float]] = []

    def one() -> None:
        together.wait()
        found.append(split_ms(ask(port, "GET", target, stamped()).headers))

    threads = [threading.Thread(target=one) for _ in range(SIMULTANEOUS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(found, key=itemgetter("queue"))


@pytest.mark.alone
@pytest.mark.parametrize("name", ONE_AT_A_TIME)
def test_the_ith_of_simultaneous_requests_has_waited_for_i_others(name: str) -> None:
    """One slot that takes S: waits of 0, S, 2S, … whichever queue they happen in.

    A computation takes another S each time on a busy host: those before it are what one waits for.
    """
    path = ONE_AT_A_TIME[name]
    amount = "units=40" if path == "/cpu" else f"ms={S_MS}"
    errors = []
    with running(name, Budget(slots=1)) as live:
        for _ in range(ATTEMPTS):
            found = simultaneous(live.port, f"{path}?{amount}")
            taken_ms = [split["hold"] for split in found]
            # uvloop's timers may be early by almost a millisecond.
            assert min(taken_ms) >= (5 if path == "/cpu" else S_MS - 1)
            waits_ms = accumulate(taken_ms[:-1], initial=0.0)
            errors.append(
                max(abs(one["queue"] - w) for one, w in zip(found, waits_ms, strict=True))
            )
            if errors[-1] < min(taken_ms) / 2:
                return

    pytest.fail(f"waits differ from what those before took by {errors} ms")


@pytest.mark.alone
@pytest.mark.parametrize("name", PROFILES)
def test_hold_is_what_the_model_makes_of_a_known_step(name: str) -> None:
    """A wait, a blocking call and a computation of known length, and who is kept by them."""
    loop, greenlets = PROFILES[name].twin == "starlette", name == "gevent"
    pooled = name == "hybrid"
    keeps = {
        f"/wait?ms={S_MS}": not loop and not greenlets,
        f"/blocking?ms={S_MS}": not greenlets and not pooled,
        f"/offload?ms={S_MS}": not loop and not greenlets,
        "/cpu?units=50": not pooled,
        "/cpu-offload?units=50": not loop,
    }
    with running(name, Budget(slots=1, pool_processes=1)) as live:
        for target, kept in keeps.items():
            # The first request of its kind may start a pool.
            ask(live.port, "GET", target.partition("=")[0] + "=1", stamped())
            computing = "units" in target
            found: list[dict[str, float]] = []
            # A host that has no processor for a computation makes it wait: then once more.
            while len(found) < ATTEMPTS:
                split = split_ms(ask(live.port, "GET", target, stamped()).headers)
                service_ms = split["cpu"] + split["wait"]
                # uvloop's timers may be early by almost a millisecond.
                assert service_ms >= (5 if computing else S_MS - 1)
                assert split["step"] <= split["hold"] + 0.001
                found.append(split)
                kept_it = split["hold"] > 0.9 * service_ms
                if kept_it == kept and (split["cpu"] > 0.5 * service_ms) == computing:
                    break
            else:
                pytest.fail(f"{target} keeps its unit: {kept}; seen: {found}")


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with exported(tmp_path / "stack") as stack:
        yield stack


@pytest.mark.parametrize("name", ["sync", "gevent", "uvloop", "gunicorn-asgi"])
def test_killing_a_worker_loses_no_counter_and_leaves_no_gauge(name: str, stack: Stack) -> None:
    """uvicorn has no hook for a worker's end: its gauges go because nobody is behind them."""
    budget = Budget(workers=1 if name == "sync" else 2, slots=2)
    with running(name, budget, ledgers=stack.folder) as live:
        pids = [facts["pid"] for facts in live.facts_of_workers(2)]
        for _ in range(8):
            assert ask(live.port, "GET", "/hello", stamped()).status == 200
        # An answer is counted when it has been sent, and so a moment after it is here.
        stack.until(
            name, lambda s: s.total("testbed_requests_total", http_route="/hello") == 8, "counted"
        )
        os.kill(pids[0], signal.SIGKILL)
        after = stack.until(
            name,
            lambda s: (
                s.total("testbed_workers") == 2
                and not s.values("testbed_worker_slots", worker=str(pids[0]))
            ),
            "the worker is replaced",
        )

        assert after.total("testbed_worker_restarts_total") == 1
        assert after.total("testbed_requests_total", http_route="/hello") == 8
        share = {"worker": str(pids[0])}
        answered = after.total("testbed_requests_total")
        assert after.total("testbed_worker_requests_total") == answered
        for gauge in ("http_server_active_requests", "testbed_open_connections"):
            assert after.values(gauge, **share) == []
        count = "testbed_request_queue_seconds_count"
        assert after.total(count, http_route="/hello") == 8


@pytest.mark.alone
@pytest.mark.parametrize(("name", "workers"), [("sync", 1), ("gthread", 2), ("uvloop", 2)])
def test_the_exporter_answers_while_every_worker_stands_still(
    name: str, workers: int, stack: Stack
) -> None:
    budget = Budget(workers=workers, slots=2)
    with running(name, budget, ledgers=stack.folder) as live:
        pids = [facts["pid"] for facts in live.facts_of_workers(2)]
        stack.scrape()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            lasted_s = []
            for _ in range(5):
                start_s = time.monotonic()
                text = stack.text()
                lasted_s.append(time.monotonic() - start_s)
                assert f'testbed_workers{{profile="{name}"}} 2.0' in text
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    assert min(lasted_s) < 0.1, lasted_s


@pytest.mark.parametrize("name", PROFILES)
def test_the_line_that_holds_is_named(name: str, tmp_path: Path) -> None:
    """The blocking call where it blocks its unit, the computation everywhere but in a pool."""
    function = "compute" if name == "gevent" else "block"
    target = "/cpu?units=120" if name == "gevent" else "/blocking?ms=120"
    held = name != "hybrid"
    line: list[dict[str, Any]] = []
    with running(name, Budget(slots=1), instruments="explain", ledgers=tmp_path) as live:
        deadline = time.monotonic() + 15
        while not line and time.monotonic() < deadline:
            ask(live.port, "GET", target, stamped())
            found = [
                json.loads(text)
                for file in tmp_path.glob("*.stacks")
                for text in file.read_text().splitlines()
            ]
            line = [one for one in found if one["frames"][0].endswith(f" {function}")]
            if not held:
                break

    assert bool(line) == held
    for one in line:
        assert one["route"] == target.partition("?")[0]
        assert one["frames"][0].startswith("servers/work.py:")
        assert not [frame for frame in one["frames"] if frame.startswith("/")]


@pytest.mark.alone
def test_a_line_that_holds_often_and_briefly_is_named_too(tmp_path: Path) -> None:
    with running("uvloop", instruments="explain", ledgers=tmp_path) as live:
        for _ in range(60):
            ask(live.port, "GET", "/blocking?ms=8", stamped())
    # Written at the latest when the worker ended.
    (file,) = tmp_path.glob("*.stacks")
    found = [json.loads(line) for line in file.read_text().splitlines()]
    slept_ms = sum(one["held_ms"] for one in found if one["frames"][0].endswith(" block"))

    assert 0.5 * 60 * 8 < slept_ms < 2.0 * 60 * 8


HOSTILE = ["-01", "01-01", '00-x-hello " world-01', "00-7-7-01", "00-" + "0" * 32 + "-G-01"]


@pytest.mark.parametrize("name", ["sync", "gevent", "uvloop", "gunicorn-asgi"])
def test_a_foreign_trace_is_no_fault_and_no_capture(name: str, tmp_path: Path) -> None:
    with running(name, Budget(slots=2), ledgers=tmp_path) as live:
        for trace in (*HOSTILE, "é", "x" * 2000):
            headers = stamped() | {"traceparent": trace}
            answer = ask(live.port, "GET", "/hello", headers)
            assert answer.status == 200
            assert "server-timing" in answer.headers
    assert list(tmp_path.glob("*.slices")) == []


def test_an_answer_that_is_generated_or_closed_twice_is_counted_once() -> None:
    """Work behind the first line of an answer holds the worker as well."""

    def slow(environ: object, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        time.sleep(0.05)
        yield b"late"

    app = wsgi.measured(slow, Settings(threads=1))
    meter = app.meter  # type: ignore[attr-defined]
    for stamp in ({}, {"HTTP_X_REQUEST_START": f"t={time.time_ns() // 1000}"}):
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/hello", **stamp}
        body = app(environ, lambda *_: None)  # type: ignore[arg-type]
        assert b"".join(body) == b"late"
        for _ in range(2):
            body.close()  # type: ignore[attr-defined]

    meter.fold()
    cells, series = meter.cells, meter.ledger.series
    assert meter.active() == 0
    assert cells[series("testbed_worker_begun_requests_total")] == 2
    assert cells[series("testbed_worker_measured_requests_total")] == 1
    assert cells[series("testbed_worker_hold_seconds_total")] >= 0.05


@pytest.mark.parametrize("name", PROFILES)
def test_a_captured_request_has_its_course_written(name: str, tmp_path: Path) -> None:
    lanes = {"sync": "worker", "gthread": "thread", "gevent": "greenlets"}
    with running(name, Budget(slots=2), ledgers=tmp_path) as live:
        before_ns = time.perf_counter_ns()
        trace = {"traceparent": f"00-{7:032x}-{before_ns:016x}-01"}
        split = split_ms(ask(live.port, "GET", f"/wait?ms={S_MS}", stamped() | trace).headers)
        ask(live.port, "GET", "/hello", trace)
        ask(live.port, "GET", "/hello", stamped() | {"traceparent": "00-07-07-00"})
        deadline = time.monotonic() + 10
        while not list(tmp_path.glob("*.slices")) and time.monotonic() < deadline:
            time.sleep(0.01)

    (file,) = tmp_path.glob("*.slices")
    (course,) = [json.loads(line) for line in file.read_text().splitlines()]
    assert int(course["request"], 16) == before_ns
    assert course["route"] == "/wait"
    assert before_ns < course["began_ns"] < course["ended_ns"] < time.perf_counter_ns()
    slices = course["slices"]
    assert all(one["lane"].startswith(lanes.get(name, "loop")) for one in slices)
    assert all(one["from_ns"] <= one["to_ns"] for one in slices)
    held_ms = sum(one["to_ns"] - one["from_ns"] for one in slices) / 1e6
    blocked_ms = sum(o["to_ns"] - o["from_ns"] for o in slices if o["state"] == "block") / 1e6
    assert held_ms >= split["hold"] - 0.01
    if name in ("sync", "gthread"):
        assert blocked_ms >= S_MS
        assert len(slices) == 3
    else:
        # A slice in which the host had no processor for it held its unit as well.
        assert blocked_ms < S_MS / 2
        assert len(slices) == 2
        assert slices[1]["from_ns"] - slices[0]["to_ns"] >= 0.9 * S_MS * 1e6
