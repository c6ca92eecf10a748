"""What both twins answer when nothing is wrong."""

from __future__ import annotations

import json
import time

import pytest

from servers.contract import ENDPOINTS, Endpoint
from servers.work import compute
from tests.contract.clients import Client

# The kernel's digests are part of the contract: equal on every machine and in both twins.
DIGEST_OF_1 = compute(1)
DIGEST_OF_3 = compute(3)


# Those that ask a database have tests of their own.
OBJECTS = {
    name: endpoint
    for name, endpoint in ENDPOINTS.items()
    if endpoint.fields and endpoint.path != "/db"
}


@pytest.mark.parametrize("endpoint", OBJECTS.values(), ids=OBJECTS)
def test_an_endpoint_answers_with_the_fields_of_its_contract(
    client: Client, endpoint: Endpoint
) -> None:
    path = endpoint.path
    if "{id}" in path:
        path = client.ask("POST", "/jobs").headers["location"]
    answer = client.ask(endpoint.method, path)
    assert answer.status == endpoint.status
    assert tuple(json.loads(answer.body)) == endpoint.fields


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/hello", b'{"message":"hello"}'),
        ("/healthz", b'{"status":"ok"}'),
        ("/wait", b'{"ms":10}'),
        ("/wait?ms=0", b'{"ms":0}'),
        ("/blocking?ms=2", b'{"ms":2}'),
        ("/offload?ms=2", b'{"ms":2}'),
        ("/offload?ms=002", b'{"ms":2}'),
        ("/offload?m%73=%32&", b'{"ms":2}'),
        ("/cpu", f'{{"units":1,"digest":"{DIGEST_OF_1}"}}'.encode()),
        ("/cpu?units=3", f'{{"units":3,"digest":"{DIGEST_OF_3}"}}'.encode()),
        ("/cpu-offload?units=3", f'{{"units":3,"digest":"{DIGEST_OF_3}"}}'.encode()),
    ],
)
def test_an_answer_is_the_same_bytes_from_both(client: Client, target: str, body: bytes) -> None:
    answer = client.ask("GET", target)
    assert answer.status == 200
    assert answer.body == body
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == str(len(body))


@pytest.mark.parametrize("target", ["/hello", "/wait?ms=1", "/cpu?units=0", "/nowhere"])
def test_head_answers_like_get_without_a_body(client: Client, target: str) -> None:
    got, headed = client.ask("GET", target), client.ask("HEAD", target)
    assert headed.status == got.status
    assert headed.headers == got.headers
    assert headed.body == b""


@pytest.mark.parametrize("path", ["/wait", "/blocking", "/offload"])
def test_waiting_takes_the_time_that_was_asked_for(client: Client, path: str) -> None:
    begun = time.perf_counter()
    client.ask("GET", f"{path}?ms=60")
    # An event loop may wake up to a clock tick of 1 ms early.
    assert time.perf_counter() - begun >= 0.058
