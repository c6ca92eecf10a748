"""A stream of events, as both twins send it."""

from __future__ import annotations

import json
import time

import pytest

from servers import contract
from servers.budget import Budget
from servers.profiles import PROFILES
from tests.contract.clients import Client


@pytest.mark.parametrize("events", [1, 2, 12])
def test_the_bytes_of_a_stream_are_those_of_its_events(client: Client, events: int) -> None:
    answer = client.ask("GET", f"/stream?events={events}&interval_ms=0")

    assert answer.status == 200
    assert answer.headers == {"content-type": "text/event-stream", "cache-control": "no-store"}
    expected = [
        f'id: {n}\ndata: {{"event":{n},"events":{events}}}\n\n' for n in range(1, events + 1)
    ]
    assert answer.body.decode() == "".join(expected)


@pytest.mark.parametrize("size", [0, 1, 22, 23, 24, 5_000, 65_536])
def test_the_data_of_an_event_is_json_with_spaces_behind_it_up_to_its_size(
    client: Client, size: int
) -> None:
    answer = client.ask("GET", f"/stream?events=3&interval_ms=0&bytes={size}")

    *events, rest = answer.body.decode().split("\n\n")
    assert (answer.status, len(events), rest) == (200, 3, "")
    for number, event in enumerate(events, 1):
        first, second = event.split("\n")
        name, data = second[:6], second[6:]
        assert (first, name) == (f"id: {number}", "data: ")
        assert data.rstrip(" ") == f'{{"event":{number},"events":3}}'
        assert len(data) == max(size, len('{"event":1,"events":3}'))
        assert json.loads(data) == {"event": number, "events": 3}


@pytest.mark.parametrize(("events", "size"), [(64, 65_536), (1_000, 4_194), (1_000, 0)])
def test_the_largest_streams_are_hardly_larger_than_their_data_may_be(
    client: Client, events: int, size: int
) -> None:
    answer = client.ask("GET", f"/stream?events={events}&interval_ms=0&bytes={size}")

    assert answer.status == 200
    assert events * size < len(answer.body) < contract.STREAM_BYTES + 50 * events


@pytest.mark.parametrize(("events", "size"), [(65, 65_536), (1_000, 4_195)])
def test_a_stream_that_would_be_too_large_is_refused_with_its_size_and_the_bound(
    client: Client, events: int, size: int
) -> None:
    answer = client.ask("GET", f"/stream?events={events}&interval_ms=0&bytes={size}")
    found = json.loads(answer.body)

    assert answer.status == 422
    product = events * size
    assert found["detail"] == (
        f"events × bytes is {events} × {size} = {product}: it must be at most 4194304"
    )
    assert found["parameters"] == {"events": events, "bytes": size}
    assert found["maximum"] == contract.STREAM_BYTES == 4_194_304


def test_a_size_out_of_its_bounds_is_refused(client: Client) -> None:
    answer = client.ask("GET", "/stream?events=1&bytes=65537")
    found = json.loads(answer.body)

    assert (answer.status, found["parameter"], found["value"]) == (422, "bytes", "65537")
    assert (found["minimum"], found["maximum"]) == (0, 65_536)


def test_the_first_event_is_sent_at_once_and_each_of_the_others_after_the_interval(
    client: Client,
) -> None:
    begun = time.perf_counter()
    client.ask("GET", "/stream?events=1&interval_ms=1000")
    alone_s = time.perf_counter() - begun
    begun = time.perf_counter()
    client.ask("GET", "/stream?events=4&interval_ms=30")

    # An event loop may wake up to a clock tick of 1 ms early.
    assert time.perf_counter() - begun >= 3 * 0.029
    assert alone_s < 0.9


def test_head_waits_for_no_event(client: Client) -> None:
    got = client.ask("GET", "/stream?events=1")
    begun = time.perf_counter()
    headed = client.ask("HEAD", "/stream?events=100&interval_ms=1000")

    assert time.perf_counter() - begun < 0.9
    assert (headed.status, headed.headers, headed.body) == (200, got.headers, b"")


@pytest.mark.parametrize(
    ("query", "values", "product"),
    [
        ("events=101&interval_ms=1000", [101, 1000], 101_000),
        ("events=1000&interval_ms=101", [1000, 101], 101_000),
    ],
)
def test_a_stream_that_would_last_too_long_is_refused_with_its_length_and_the_bound(
    client: Client, query: str, values: list[int], product: int
) -> None:
    answer = client.ask("GET", f"/stream?{query}")
    found = json.loads(answer.body)

    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert str(product) in found["detail"]
    assert str(contract.STREAM_MS) in found["detail"]
    assert found["parameters"] == dict(zip(["events", "interval_ms"], values, strict=True))
    assert found["maximum"] == contract.STREAM_MS


def test_only_parameters_together_are_too_much(client: Client) -> None:
    assert client.ask("HEAD", "/stream?events=100&interval_ms=1000").status == 200
    assert client.ask("HEAD", "/stream?events=1000&interval_ms=100").status == 200


@pytest.mark.parametrize("name", ["sync", "gthread", "gevent", "gunicorn-asgi"])
def test_no_worker_is_ended_for_the_longest_stream(name: str) -> None:
    """A synchronous worker gives no sign of life while it sends one."""
    command = PROFILES[name].command(4000, Budget())
    timeout_s = float(command[command.index("--timeout") + 1])

    assert timeout_s > contract.STREAM_MS / 1000 + 15
