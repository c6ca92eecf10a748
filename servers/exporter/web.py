"""The exporter's own small web server: `/metrics` is a scrape, any other path costs nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

METRICS = "/metrics"


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in http.server
        """A scrape a second is no news."""


def start(registry: CollectorRegistry, host: str, port: int) -> int:
    """Serve from threads that end with the process; returns the port. Raises OSError."""
    scrape = make_wsgi_app(registry)

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # Who only looks whether it lives must not take the maxima from who scrapes.
        if environ["PATH_INFO"] == METRICS:
            scraped: Iterable[bytes] = scrape(environ, start_response)
            return scraped
        known = environ["PATH_INFO"] == "/"
        start_response(
            "200 OK" if known else "404 Not Found", [("Content-Type", "text/plain; charset=utf-8")]
        )
        return [f"metrics are at {METRICS}\n".encode()]

    family, *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]

    class Server(ThreadingWSGIServer):
        address_family = family

    server = make_server(host, port, answer, Server, _Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port
