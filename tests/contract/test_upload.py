"""A body, as both twins read it."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servers.contract import MAX_BODY_BYTES, Problem
from servers.received import Received
from tests.contract.clients import Client


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, MAX_BODY_BYTES])
def test_a_body_is_answered_by_its_size_and_digest(client: Client, size: int) -> None:
    body = (b"0123456789" * (size // 10 + 1))[:size]
    answer = client.ask("POST", "/upload", body=body)

    digest = hashlib.sha256(body).hexdigest()
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.body == f'{{"bytes":{size},"digest":"{digest}"}}'.encode()


def test_a_body_that_is_announced_as_too_large_is_refused(client: Client) -> None:
    answer = client.ask("POST", "/upload", {"Content-Length": str(MAX_BODY_BYTES + 1)})

    assert answer.status == 413
    assert str(MAX_BODY_BYTES) in json.loads(answer.body)["detail"]


def test_an_upload_takes_no_parameter(client: Client) -> None:
    assert client.ask("POST", "/upload?size=1", body=b"x").status == 422


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=100), max_size=20))
def test_however_a_body_is_cut_its_digest_is_that_of_the_whole(pieces: list[bytes]) -> None:
    received, whole = Received(), b"".join(pieces)
    for piece in pieces:
        received.add(piece)

    found = json.loads(received.answer())
    assert found == {"bytes": len(whole), "digest": hashlib.sha256(whole).hexdigest()}


def test_the_first_byte_beyond_the_bound_is_refused() -> None:
    received = Received()
    received.add(bytes(MAX_BODY_BYTES))
    with pytest.raises(Problem) as refused:
        received.add(b"x")

    assert refused.value.status == 413
    assert refused.value.closes
