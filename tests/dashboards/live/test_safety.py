"""Who may see the page, and who may change something."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Message

from dashboards.live.safety import TOKEN, Safety

OURS = {"host": "127.0.0.1:8000", "origin": "http://127.0.0.1:8000"}


async def fine(_: Request) -> PlainTextResponse:
    return PlainTextResponse("fine")


@pytest.fixture
def safety() -> Safety:
    routes = [Route("/", fine), Route("/do", fine, methods=["POST"])]
    return Safety(Starlette(routes=routes), 8000)


@dataclass
class Answer:
    """What an application has answered."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""


def ask(safety: Safety, method: str, path: str, headers: dict[str, str]) -> Answer:
    """One request, with these headers and no others."""
    answer = Answer()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        else:
            answer.text += message.get("body", b"").decode()

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(k.encode(), v.encode("latin-1")) for k, v in headers.items()],
    }
    asyncio.run(safety(scope, receive, send))
    return answer


def test_the_page_itself_may_look_and_change(safety: Safety) -> None:
    assert ask(safety, "GET", "/", {"host": "localhost:8000"}).status == 200
    assert ask(safety, "POST", "/do", {**OURS, TOKEN: safety.token}).status == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:8001", "127.0.0.1", "localhost", ""])
def test_another_name_that_leads_here_is_refused(safety: Safety, host: str) -> None:
    answer = ask(safety, "GET", "/", {"host": host})

    assert answer.status == 403
    assert "open it at 127.0.0.1" in answer.text


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:8001"},
        {"origin": "null"},
        {"origin": ""},
        {TOKEN: ""},
        {TOKEN: "x" * 32},
        {TOKEN: "ü".encode().decode("latin-1")},
    ],
)
def test_nobody_else_changes_anything(safety: Safety, change: dict[str, str]) -> None:
    assert ask(safety, "POST", "/do", {**OURS, TOKEN: safety.token, **change}).status == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "strange"])
def test_another_site_reads_nothing_and_may_link_here(safety: Safety, site: str) -> None:
    said = {"host": OURS["host"], "sec-fetch-site": site}

    assert ask(safety, "GET", "/", {**said, "sec-fetch-mode": "cors"}).status == 403
    assert ask(safety, "GET", "/", said).status == 403
    assert ask(safety, "GET", "/", {**said, "sec-fetch-mode": "navigate"}).status == 200


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_the_page_reads_what_it_needs(safety: Safety, site: str) -> None:
    said = {"host": OURS["host"], "sec-fetch-site": site, "sec-fetch-mode": "no-cors"}

    assert ask(safety, "GET", "/", said).status == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "NONSENSE"])
def test_every_method_that_may_change_something_is_held_to_it(safety: Safety, method: str) -> None:
    assert ask(safety, method, "/do", {"host": OURS["host"]}).status == 403


def test_every_answer_forbids_what_the_page_does_not_need(safety: Safety) -> None:
    for method, path in (("GET", "/"), ("GET", "/none"), ("POST", "/do")):
        answer = ask(safety, method, path, {"host": OURS["host"]})
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_every_start_has_a_token_of_its_own() -> None:
    tokens = {Safety(Starlette(), 8000).token for _ in range(20)}

    assert len(tokens) == 20
    assert min(map(len, tokens)) >= 32
