"""Streams, uploads, and clients that leave: on every profile, with real sockets."""

from __future__ import annotations

import hashlib
import http.client
import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from servers.budget import Budget
from servers.contract import MAX_BODY_BYTES
from servers.profiles import PROFILES
from tests.servers.live import Live, ask, running
from tests.servers.raw import answer_on, connected, head, pushed, until
from tests.servers.stack import Scrape, Stack, exported

HOLDS_WHILE_WAITING = ("sync", "gthread")
SYNCHRONOUS = ("sync", "gthread", "gevent")
PIECE = b"x" * 65_536
# What sockets hold that nobody reads: the kernel's buffers of both sides, and the server's own.
BUFFERED_BYTES = 8 * MAX_BODY_BYTES
ANNOUNCED_BYTES = 64 * MAX_BODY_BYTES
ABANDONED = "testbed_abandoned_requests_total"
WASTED = "testbed_abandoned_seconds_total"
ENDED = "testbed_requests_total"

pytestmark = [pytest.mark.slow, pytest.mark.services]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with exported(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@dataclass(frozen=True, slots=True)
class Served:
    """A profile with one place for requests, and its stack."""

    name: str
    live: Live
    stack: Stack

    def at_rest(self) -> Scrape:
        """A scrape when every request has ended."""
        return self.stack.at_rest(self.name)

    def counted(self, before: Scrape, metric: str, number: float, **labels: str) -> Scrape:
        """The first scrape in which a metric has grown by so much."""
        wanted = before.total(metric, **labels) + number
        return self.stack.until(
            self.name, lambda s: s.total(metric, **labels) == wanted, f"{metric} {labels}"
        )

    def measured(self, before: Scrape, number: int, **labels: str) -> Scrape:
        """A scrape in which so many more measured requests are, each of them whole."""
        self.counted(before, "testbed_request_hold_seconds_count", number, **labels)
        # Of a scrape while they are added up a part may be missing.
        return self.stack.scrape(self.name)


@pytest.fixture(scope="module", params=PROFILES)
def served(request: pytest.FixtureRequest, stack: Stack) -> Iterator[Served]:
    with running(request.param, Budget(slots=1), ledgers=stack.folder) as live:
        yield Served(request.param, live, stack)


def test_a_stream_is_measured_to_its_end_and_told_of_up_to_its_first_event(
    served: Served,
) -> None:
    before, route = served.at_rest(), {"http_route": "/stream"}
    with connected(served.live.port) as connection:
        connection.sendall(head("GET", "/stream?events=5&interval_ms=40", {}))
        until(connection, b"id: 1\n")
        first = time.perf_counter()
        until(connection, b"0\r\n\r\n")
        lasted_s = time.perf_counter() - first
    after = served.measured(before, 1, **route)

    def grown(name: str) -> float:
        return after.total(name, **route) - before.total(name, **route)

    # The events come one by one, and uvloop's timers may be early by almost a millisecond.
    assert lasted_s > 3 * 0.039
    duration = grown("http_server_request_duration_seconds_sum")
    assert 4 * 0.039 < duration < 4 * 0.04 + 0.5
    held = grown("testbed_request_hold_seconds_sum")
    assert (held > 4 * 0.039) == (served.name in HOLDS_WHILE_WAITING)
    assert 0 < held <= duration + 1e-3
    step = grown("testbed_request_longest_step_seconds_sum")
    assert 0 < step <= held + 1e-6
    assert (step > 4 * 0.039) == (served.name in HOLDS_WHILE_WAITING)
    spent = grown("testbed_request_cpu_seconds_total") + grown("testbed_request_wait_seconds_total")
    assert spent == pytest.approx(duration, abs=1e-3)
    assert grown(ABANDONED) == 0


def test_a_stream_has_no_length_and_its_connection_serves_the_next_request(
    served: Served,
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.live.port, timeout=15)
    stamp = {"X-Request-Start": f"t={time.time_ns() // 1000}"}
    connection.request("GET", "/stream?events=3&interval_ms=100", headers=stamp)
    response = connection.getresponse()
    body = response.read()
    split = dict(part.split(";") for part in response.headers["server-timing"].split(", "))

    assert response.headers["transfer-encoding"] == "chunked"
    assert response.headers["content-length"] is None
    assert response.headers["content-type"] == "text/event-stream"
    assert body.count(b"\n\n") == 3
    # It is sent with the first event, and knows nothing of those 200 ms.
    assert float(split["wait"].removeprefix("dur=")) < 100
    assert (response.headers["connection"] == "close") == (served.name == "sync")
    connection.request("GET", "/hello")
    assert connection.getresponse().read() == b'{"message":"hello"}'
    connection.close()


def test_head_of_a_stream_ends_at_once(served: Served) -> None:
    begun = time.perf_counter()
    answer = ask(served.live.port, "HEAD", "/stream?events=100&interval_ms=1000", {})

    assert (answer.status, answer.body) == (200, b"")
    assert time.perf_counter() - begun < 2


@pytest.mark.parametrize("chunked", [False, True])
def test_a_slow_body_is_digested_and_its_time_is_the_requests(
    served: Served, chunked: bool
) -> None:
    before, body, route = served.at_rest(), b"0123456789" * 3_000, {"http_route": "/upload"}
    framing = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(len(body))}
    with connected(served.live.port) as connection:
        connection.sendall(head("POST", "/upload", framing))
        for low in range(0, len(body), 10_000):
            piece = body[low : low + 10_000]
            connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            time.sleep(0.03)
        connection.sendall(b"0\r\n\r\n" if chunked else b"")
        answer = answer_on(connection)
    after = served.measured(before, 1, **route)

    assert answer.status == 200
    found = json.loads(answer.body)
    assert found == {"bytes": len(body), "digest": hashlib.sha256(body).hexdigest()}
    name = "http_server_request_duration_seconds_sum"
    assert after.total(name, **route) - before.total(name, **route) > 0.05


@pytest.mark.parametrize(
    ("method", "target", "chunked"),
    [("POST", "/upload", False), ("POST", "/upload", True), ("GET", "/hello", False)],
)
def test_a_body_over_the_bound_is_refused_and_not_read_to_its_end(
    served: Served, method: str, target: str, chunked: bool
) -> None:
    logged = served.live.logged()
    chunk = b"%x\r\n%b\r\n" % (len(PIECE), PIECE) if chunked else PIECE
    length = {"Content-Length": str(ANNOUNCED_BYTES)}
    framing = {"Transfer-Encoding": "chunked"} if chunked else length
    with connected(served.live.port) as connection:
        connection.sendall(head(method, target, framing))
        sent = pushed(connection, itertools.repeat(chunk, ANNOUNCED_BYTES // len(PIECE) + 1))
        answer = answer_on(connection)

    assert answer.status == 413
    assert str(MAX_BODY_BYTES) in json.loads(answer.body)["detail"]
    assert sent < BUFFERED_BYTES
    # Nobody is left waiting for the rest of it.
    assert ask(served.live.port, "GET", "/hello", {"Connection": "close"}).status == 200
    assert served.live.logged() == logged


@pytest.mark.parametrize(
    ("framing", "sent"),
    [
        ({"Content-Length": "1000"}, b"x" * 100),
        ({"Transfer-Encoding": "chunked"}, b"64\r\n" + b"x" * 50),
    ],
)
def test_a_body_that_breaks_off_has_no_answer_and_is_no_failure(
    served: Served, framing: dict[str, str], sent: bytes
) -> None:
    before, logged = served.at_rest(), served.live.logged()
    route = {"http_route": "/upload"}
    with connected(served.live.port) as connection:
        connection.sendall(head("POST", "/upload", framing) + sent)
        # It has begun, and waits for more.
        served.counted(before, "http_server_active_requests", 1)
    after = served.counted(before, ENDED, 1, **route, http_response_status_code="")

    served.counted(before, ABANDONED, 1, **route)
    assert after.total(ENDED, **route) == before.total(ENDED, **route) + 1
    assert served.live.logged() == logged


def test_a_chunk_that_is_none_is_a_bad_request(served: Served) -> None:
    with connected(served.live.port) as connection:
        connection.sendall(head("POST", "/upload", {"Transfer-Encoding": "chunked"}) + b"zz\r\n")
        assert answer_on(connection).status == 400
    served.at_rest()


@pytest.mark.parametrize("target", ["/wait?ms=400", "/blocking?ms=400"])
def test_what_goes_on_for_a_client_that_has_left_is_counted_or_ended(
    served: Served, target: str
) -> None:
    before, route = served.at_rest(), {"http_route": target.partition("?")[0]}
    with connected(served.live.port) as connection:
        connection.sendall(head("GET", target, {}))
        time.sleep(0.1)
    after = served.counted(before, ABANDONED, 1, **route)

    wasted_s = after.total(WASTED, **route) - before.total(WASTED, **route)
    # A loop that only waits is told, and ends it; nobody else can.
    ends = target.startswith("/wait") and served.name not in SYNCHRONOUS
    assert (wasted_s < 0.1) if ends else (0.2 < wasted_s < 0.4)


def test_a_stream_is_ended_for_a_client_that_has_left(served: Served) -> None:
    """A loop is told so; who only sends learns it from what is sent, and that is the next event."""
    before, route, logged = served.at_rest(), {"http_route": "/stream"}, served.live.logged()
    with connected(served.live.port) as connection:
        connection.sendall(head("GET", "/stream?events=100&interval_ms=400", {}))
        until(connection, b"id: 1\n")
        time.sleep(0.1)
    after = served.counted(before, ABANDONED, 1, **route)

    wasted_s = after.total(WASTED, **route) - before.total(WASTED, **route)
    assert (wasted_s > 0.25) == (served.name in SYNCHRONOUS)
    assert wasted_s < 1.2
    assert after.total("http_server_active_requests") == 0
    assert served.live.logged() == logged


def test_who_leaves_before_its_turn_wastes_all_that_is_done_for_it(served: Served) -> None:
    if served.name not in HOLDS_WHILE_WAITING:
        # The others take every request up at once.
        return
    before, route = served.at_rest(), {"http_route": "/offload"}
    with connected(served.live.port) as first:
        first.sendall(head("GET", "/wait?ms=400", {}))
        served.counted(before, "http_server_active_requests", 1)
        with connected(served.live.port) as second:
            second.sendall(head("GET", "/offload?ms=100", {}))
        assert answer_on(first).status == 200
    after = served.measured(before, 1, **route)

    wasted_s = after.total(WASTED, **route) - before.total(WASTED, **route)
    hold = "testbed_request_hold_seconds_sum"
    assert wasted_s == pytest.approx(
        after.total(hold, **route) - before.total(hold, **route), abs=2e-3
    )
    assert wasted_s > 0.099
    assert after.total(ABANDONED) == before.total(ABANDONED) + 1


def test_who_stays_or_is_not_measured_counts_as_nobody(served: Served) -> None:
    before = served.at_rest()
    with connected(served.live.port) as connection:
        connection.sendall(head("GET", "/wait?ms=50", {"Connection": "close"}))
        assert answer_on(connection).status == 200
    with connected(served.live.port) as connection:
        connection.sendall(head("GET", "/wait?ms=200", {}, measured=False))
        time.sleep(0.05)
    after = served.counted(before, ENDED, 2, http_route="/wait")

    assert after.total(ABANDONED) == before.total(ABANDONED)
