"""The downstream service in its own process: latencies, turns, stalls, failures, and its counts."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from servers.downstream.__main__ import main
from servers.downstream.draws import Draws
from servers.exporter.book import Book
from servers.ledger import SUFFIX
from servers.metrics import SUM
from tests.servers.downstream import downstream
from tests.servers.live import Live, ask, free_port
from tests.servers.stack import exported

AT_ONCE = 12
LATE_S = 0.15
"""What a busy host may add to a call."""


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with downstream(tmp_path) as live:
        yield live


def counts(folder: Path) -> dict[tuple[str, ...], list[float]]:
    """What the ledgers of a folder say, by name and own labels; histograms as count and sum."""
    found: dict[tuple[str, ...], list[float]] = {}
    for path in folder.glob(f"*{SUFFIX}"):
        book = Book(path)
        book.look()
        for (name, labels), cells in book.numbers():
            short = (name.removeprefix("testbed_downstream_"), *labels[1:])
            found[short] = list(cells) if len(cells) == 1 else [sum(cells[:SUM]), cells[SUM]]
    return found


def timed(live: Live, target: str) -> tuple[int, float]:
    began = time.perf_counter()
    status = live.get(target).status
    return status, time.perf_counter() - began


def at_once(live: Live, target: str, calls: int = AT_ONCE) -> list[tuple[int, float]]:
    with ThreadPoolExecutor(calls) as pool:
        return list(pool.map(lambda _: timed(live, target), range(calls)))


def test_it_takes_the_time_it_is_asked_for_and_counts_what_it_did(
    live: Live, tmp_path: Path
) -> None:
    answers = at_once(live, "/wait?ms=100")

    assert [status for status, _ in answers] == [200] * AT_ONCE
    assert min(took_s for _, took_s in answers) >= 0.098
    # All at once, and not one after another.
    assert max(took_s for _, took_s in answers) < 0.1 * AT_ONCE / 2
    found = counts(tmp_path)
    assert found["requests_total", "200"] == [AT_ONCE]
    assert found["active_requests",] == [0]
    assert 2 <= found["active_max_requests",][0] <= AT_ONCE
    assert found["latency_seconds",] == pytest.approx([AT_ONCE, 0.1 * AT_ONCE])
    assert found["lateness_seconds",][0] == AT_ONCE
    assert found["lateness_seconds",][1] < AT_ONCE * LATE_S


def test_its_latencies_and_failures_are_those_of_its_draws(tmp_path: Path) -> None:
    options = "--seed", "41", "--distribution", "exponential", "--failures", "0.3"
    draws = Draws(41, "exponential", failures=0.3)
    with downstream(tmp_path, *options) as live:
        answers = [timed(live, "/wait?ms=20") for _ in range(20)]

    assert [status == 500 for status, _ in answers] == [draws.fails(n) for n in range(20)]
    for number, (_, took_s) in enumerate(answers):
        wanted_s = draws.latency_s(number, 0.02)
        assert wanted_s - 0.002 <= took_s <= wanted_s + LATE_S
    found = counts(tmp_path)
    assert found["requests_total", "500"][0] == sum(draws.fails(n) for n in range(20))
    assert found["latency_seconds",][1] == pytest.approx(
        sum(draws.latency_s(number, 0.02) for number in range(20))
    )


def test_beyond_its_limit_calls_wait_for_their_turn(tmp_path: Path) -> None:
    with downstream(tmp_path, "--concurrency", "3") as live, ThreadPoolExecutor(9) as pool:
        asked = [pool.submit(timed, live, "/wait?ms=200") for _ in range(9)]
        deadline = time.monotonic() + 5
        while (seen := counts(tmp_path)).get(("waiting_requests",)) != [6]:
            assert time.monotonic() < deadline, seen
            time.sleep(0.005)
        took_s = sorted(one.result()[1] for one in asked)

    # Three rounds of three; who was sent a little later has waited so much less.
    for number, one_s in enumerate(took_s):
        wanted_s = 0.2 * (1 + number // 3)
        assert wanted_s - 0.1 <= one_s <= wanted_s + LATE_S
    found = counts(tmp_path)
    assert found["active_max_requests",] == [9]
    assert found["waiting_requests",] == [0]
    # To wait for a turn is no lateness of its own.
    assert found["lateness_seconds",][1] < 9 * 0.05


def test_in_a_stall_nothing_is_answered_and_then_all(live: Live, tmp_path: Path) -> None:
    now_ns = time.perf_counter_ns()
    from_ns, to_ns = now_ns + 100_000_000, now_ns + 600_000_000
    stalling = f"/stall?from_ns={from_ns}&to_ns={to_ns}"
    assert ask(live.port, "POST", stalling, {}).status == 200

    with ThreadPoolExecutor(3) as pool:
        before = pool.submit(timed, live, "/wait?ms=1")
        within = pool.submit(timed, live, "/wait?ms=300")
        after = pool.submit(timed, live, "/wait?ms=900")
        assert live.get("/healthz").status == 200
        before_s, within_s, after_s = (one.result()[1] for one in (before, within, after))

    assert before_s < 0.1 + LATE_S
    assert 0.5 <= within_s <= 0.6 + LATE_S
    assert 0.898 <= after_s <= 0.9 + LATE_S
    assert timed(live, "/wait?ms=1")[1] < LATE_S
    assert counts(tmp_path)["lateness_seconds",][1] < 4 * 0.05


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/wait?ms=10001", 422),
        ("GET", "/wait?ms=x", 422),
        ("GET", "/wait?seconds=1", 422),
        ("POST", "/stall?from_ns=5", 422),
        ("POST", "/stall?from_ns=x&to_ns=1", 422),
        ("POST", "/stall?from_ns=2&to_ns=1", 422),
        ("POST", f"/stall?from_ns=0&to_ns={601 * 10**9}", 422),
        ("POST", "/wait", 405),
        ("GET", "/nowhere", 404),
    ],
)
def test_bad_input_is_refused(live: Live, method: str, target: str, status: int) -> None:
    assert ask(live.port, method, target, {}).status == status


def test_the_exporter_serves_what_it_counts(tmp_path: Path) -> None:
    with exported(tmp_path) as stack:
        with downstream(tmp_path, "--failures", "1") as live:
            at_once(live, "/wait?ms=20", 5)
            scrape = stack.until(
                "", lambda s: s.total("testbed_downstream_cpu_seconds_total") > 0, "CPU is noted"
            )
            of_it = {"downstream": str(live.pid)}
            requests = "testbed_downstream_requests_total"
            assert scrape.values(requests, http_response_status_code="500", **of_it) == [5]
            assert scrape.values("testbed_downstream_latency_seconds_count", **of_it) == [5]
            assert scrape.values("testbed_downstream_lateness_seconds_count", **of_it) == [5]
            assert scrape.values("testbed_downstream_active_requests", **of_it) == [0]
            assert 1 <= scrape.total("testbed_downstream_active_max_requests") <= 5
            assert scrape.values("testbed_downstream_waiting_requests") == [0]
        after = stack.until(
            "", lambda s: not s.values("testbed_downstream_active_requests"), "no gauge is left"
        )
        assert after.total(requests) == 5


def test_a_taken_port_is_one_line_with_the_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert main(["--port", str(port), "--ledgers", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        f"error: port {port} on 127.0.0.1 is taken: "
        "stop what listens there or choose another with --port\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--failures=1.1", "--sigma=-1", "--port=70000", "--seed=x"])
def test_an_option_out_of_bounds_is_named(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([option])
    assert option.split("=")[0] in capsys.readouterr().err.splitlines()[-1]


def test_it_ends_when_it_is_told_to_though_a_call_is_under_way(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "servers.downstream", "--port", str(port)]
    process = subprocess.Popen([*command, "--ledgers", str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == (
            f"downstream at http://127.0.0.1:{port}, Ctrl-C ends it\n".encode()
        )
        with ThreadPoolExecutor(1) as pool:
            under_way = pool.submit(ask, port, "GET", "/wait?ms=10000", {})
            deadline = time.monotonic() + 5
            while counts(tmp_path).get(("active_requests",)) != [1]:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            process.wait(5)
            assert under_way.exception(5) is not None or under_way.result().status >= 500
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    assert not os.path.exists(f"/proc/{process.pid}")
