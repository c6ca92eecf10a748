"""Prometheus beside the running testbed, without Docker."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from dashboards import metrics
from tests.servers.live import free_port

ROOT = Path(__file__).parent.parent.parent
DEADLINE_S = 40.0


def start(*arguments: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "dashboards.metrics", *arguments], cwd=ROOT, text=True,
        env=os.environ | variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def run(*arguments: str, **variables: str) -> tuple[int, str, str]:
    process = start(*arguments, **variables)
    said, complaint = process.communicate(timeout=DEADLINE_S)
    return process.returncode, said, complaint


def ask(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    finally:
        connection.close()


def free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def program(folder: Path, script: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "prometheus"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def stranger() -> Iterator[int]:
    """A server that is neither Prometheus nor the exporter, and its port."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"node_load1 0.5\n")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.slow
def test_a_real_prometheus_watches_an_exporter_that_is_started_with_it(tmp_path: Path) -> None:
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed (Debian: apt install prometheus)")
    port, exporter = free_port(), free_port()
    ports = ("--port", str(port), "--exporter-port", str(exporter))
    process = start(*ports, TMPDIR=str(tmp_path))
    assert process.stdout is not None
    assert f"Prometheus at http://127.0.0.1:{port} watches" in process.stdout.readline()

    deadline = time.monotonic() + DEADLINE_S
    query = "/api/v1/query?query=up%20and%20on()%20testbed_host_tcp_events_total"
    while not (found := json.loads(ask(port, query))["data"]["result"]):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=DEADLINE_S)

    assert found[0]["metric"]["instance"] == f"127.0.0.1:{exporter}"
    assert found[0]["value"][1] == "1"
    assert process.returncode == 0
    assert free(port)
    assert free(exporter)
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_named_with_the_way_to_another(stranger: int) -> None:
    code, _, complaint = run("--port", str(stranger), "--exporter-port", str(free_port()))

    assert code == 1
    assert complaint.startswith(f"error: port {stranger} cannot be had (")
    assert "--port (make metrics PROMETHEUS_PORT=…)" in complaint


def test_another_exporter_in_the_place_of_ours_is_not_taken_for_it(stranger: int) -> None:
    code, _, complaint = run("--port", str(free_port()), "--exporter-port", str(stranger))

    assert code == 1
    assert complaint.startswith(f"error: port {stranger} cannot be had (")
    assert "--exporter-port (make metrics EXPORTER_PORT=…)" in complaint


def test_a_prometheus_that_ends_at_once_is_quoted(tmp_path: Path) -> None:
    program(tmp_path, 'echo "first line"; echo "no such flag" >&2; exit 3')
    ports = ("--port", str(free_port()), "--exporter-port", str(free_port()))

    code, said, complaint = run(*ports, PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    assert code == 1
    assert said == ""
    assert complaint == "error: prometheus ended with status 3: no such flag\n"


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    code, _, complaint = run("--port", port)

    assert code == 2
    assert f"'{port}' is no port: give a number from 1 to 65535" in complaint


def test_prometheus_is_taken_from_the_path_before_any_other(tmp_path: Path) -> None:
    installed = program(tmp_path / "bin", "")
    program(tmp_path / "unpacked/usr/bin", "")

    assert metrics.find(str(tmp_path / "bin"), tmp_path / "unpacked") == str(installed)


def test_prometheus_is_taken_from_where_it_was_unpacked_before(tmp_path: Path) -> None:
    unpacked = program(tmp_path / "usr/bin", "")

    assert metrics.find("", tmp_path, unpack=tmp_path / "not needed") == str(unpacked)


def test_where_there_is_none_it_is_unpacked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unpack = tmp_path / "unpack.sh"
    unpack.write_text('mkdir -p "$1/usr/bin"; cp "$0" "$1/usr/bin/$2"; chmod +x "$1/usr/bin/$2"')
    folder = tmp_path / "unpacked"

    assert metrics.find("", folder, unpack) == str(folder / "usr/bin/prometheus")
    assert str(folder) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'error: this is not Debian' >&2; exit 1", "error: this is not Debian"),
        ("exit 7", "exit status 7"),
        ("exit 0", "exit status 0"),
    ],
)
def test_where_none_can_be_had_one_sentence_says_what_to_do(
    tmp_path: Path, script: str, reason: str
) -> None:
    unpack = tmp_path / "unpack.sh"
    unpack.write_text(script)

    with pytest.raises(metrics.MetricsError) as caught:
        metrics.find("", tmp_path / "unpacked", unpack)

    assert f"({reason}): put the program `prometheus` on the PATH" in str(caught.value)
