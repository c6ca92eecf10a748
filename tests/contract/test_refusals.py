"""What both twins refuse, in which order, and with which words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from servers.contract import ALLOW, MAX_BODY_BYTES
from tests.contract.clients import Client
from tests.servers.live import Answer

TOO_LARGE = {"Content-Length": str(MAX_BODY_BYTES + 1)}


def problem(answer: Answer) -> dict[str, Any]:
    """The problem body, after checking that it is one and agrees with the status line."""
    found: dict[str, Any] = json.loads(answer.body)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert found["status"] == answer.status
    assert {"type", "title", "status", "detail"} <= set(found)
    return found


@pytest.mark.parametrize(
    "path", ["/", "/nowhere", "/hello/", "//hello", "/hello%0A", "/HELLO", "/hello%2F", "/a%FFb"]
)
def test_a_path_that_is_not_exactly_an_endpoints_is_not_found(client: Client, path: str) -> None:
    answer = client.ask("GET", path)
    assert answer.status == 404
    assert "location" not in answer.headers
    assert "/cpu-offload" in problem(answer)["detail"]


@pytest.mark.parametrize("path", ALLOW)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_another_method_is_refused_with_those_allowed(
    client: Client, method: str, path: str
) -> None:
    if method in ALLOW[path]:
        return
    asked = path.replace("{id}", "0" * 32)
    answer = client.ask(method, asked)
    assert answer.status == 405
    assert answer.headers["allow"] == ALLOW[path]
    assert problem(answer)["detail"] == f"{asked} answers {ALLOW[path]} only"


def test_a_body_announced_as_too_large_is_refused(client: Client) -> None:
    answer = client.ask("GET", "/hello", TOO_LARGE)
    assert answer.status == 413
    assert str(MAX_BODY_BYTES) in problem(answer)["detail"]


def test_a_body_of_the_largest_allowed_length_is_not_refused(client: Client) -> None:
    assert client.ask("GET", "/hello", {"Content-Length": str(MAX_BODY_BYTES)}).status == 200


@pytest.mark.parametrize(
    ("query", "parameter", "value"),
    [
        ("ms=x", "ms", "x"),
        ("ms=", "ms", ""),
        ("ms", "ms", ""),
        ("ms=-1", "ms", "-1"),
        ("ms=1.5", "ms", "1.5"),
        ("ms=+1", "ms", " 1"),
        ("ms=1_0", "ms", "1_0"),
        ("ms=%D9%A1", "ms", "\u0661"),
        ("ms=10001", "ms", "10001"),
        ("ms=" + "9" * 5_000, "ms", "9" * 64),
        ("ms=1&ms=2", "ms", "2"),
    ],
)
def test_a_bad_parameter_is_named_with_its_value_and_range(
    client: Client, query: str, parameter: str, value: str
) -> None:
    answer = client.ask("GET", f"/wait?{query}")
    assert answer.status == 422
    found = problem(answer)
    assert (found["parameter"], found["value"]) == (parameter, value)
    assert (found["minimum"], found["maximum"]) == (0, 10_000)


@pytest.mark.parametrize(
    ("target", "name", "allowed"),
    [("/wait?msec=1", "msec", ["ms"]), ("/hello?ms=1", "ms", []), ("/cpu?=1", "", ["units"])],
)
def test_an_unknown_parameter_is_refused_with_those_known(
    client: Client, target: str, name: str, allowed: list[str]
) -> None:
    answer = client.ask("GET", target)
    assert answer.status == 422
    assert problem(answer)["parameter"] == name
    assert problem(answer)["allowed"] == allowed


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("POST", "/nowhere?ms=x", 404),
        ("POST", "//hello", 404),
        ("POST", "/hello%0A", 404),
        ("POST", "/wait?ms=x", 405),
        ("GET", "/wait?ms=x", 413),
    ],
)
def test_the_first_refusal_in_order_wins(
    client: Client, method: str, target: str, status: int
) -> None:
    assert client.ask(method, target, TOO_LARGE).status == status


def test_an_unexpected_error_is_a_500_that_tells_nothing_of_its_cause(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(units: int) -> str:
        raise RuntimeError("a secret")

    monkeypatch.setattr(client.module, "compute", broken)
    answer = client.ask("GET", "/cpu")
    assert answer.status == 500
    assert "log" in problem(answer)["detail"]
    assert b"secret" not in answer.body
