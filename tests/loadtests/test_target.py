"""Under which label a load by hand counts: what its target says of itself."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from loadtests.guard import Target
from loadtests.users.target import profile_of
from tests.servers.live import free_port, running


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gthread", "asgi"])
def test_a_server_of_the_testbed_says_its_profile(name: str) -> None:
    with running(name) as live:
        assert profile_of(Target("localhost", "127.0.0.1", live.port)) == name


@pytest.mark.parametrize(
    "body", [b"<html>", b"{}", b'{"profile": null}', b'{"profile": 7}', b"[1]", b'{"profile": ""}']
)
def test_any_other_server_is_its_name_and_port(body: bytes) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.handle_request)
        serving.start()
        port = server.server_port
        assert profile_of(Target("shop", "127.0.0.1", port)) == f"shop:{port}"
        serving.join()


def test_who_does_not_answer_is_its_name_and_port() -> None:
    port = free_port()
    assert profile_of(Target("shop", "127.0.0.1", port)) == f"shop:{port}"
