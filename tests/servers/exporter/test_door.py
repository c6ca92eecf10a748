"""The door `python -m servers.exporter`: what it says, what it refuses, and how it ends."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from servers.exporter.__main__ import main
from servers.ledger import default_folder
from tests.servers.exporter.children import DEADLINE_S, child, ledger_of, samples, series
from tests.servers.live import ask


@contextmanager
def exporter(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """An exporter of that folder, and the port that it says it listens on."""
    command = [sys.executable, "-m", "servers.exporter", "--ledgers", str(folder), "--port", "0"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.fullmatch(
                rf"serving {re.escape(str(folder))} at http://127\.0\.0\.1:(\d+)/metrics, "
                r"Ctrl-C ends it\n",
                line,
            )
            assert found, line
            yield process, int(found[1])
        finally:
            process.kill()


def metrics(port: int) -> str:
    answer = ask(port, "GET", "/metrics", {})
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return answer.body.decode()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_once_it_says_so_and_ends_without_a_word(
    number: signal.Signals, tmp_path: Path
) -> None:
    with child() as worker, exporter(tmp_path) as (process, port):
        ledger = ledger_of(tmp_path, worker.pid)
        ledger.cells[ledger.series("testbed_worker_requests_total")] += 3
        assert series(samples(metrics(port)), "testbed_worker_requests_total") == [3]
        process.send_signal(number)
        assert process.communicate(timeout=DEADLINE_S) == ("", "")
        assert process.returncode == 0


@pytest.mark.slow
def test_two_exporters_of_one_folder_say_the_same(tmp_path: Path) -> None:
    with child() as worker, exporter(tmp_path) as (_, one), exporter(tmp_path) as (_, other):
        ledger = ledger_of(tmp_path, worker.pid)
        ledger.cells[ledger.series("testbed_worker_requests_total")] += 3
        for port in (one, other, one):
            assert series(samples(metrics(port)), "testbed_worker_requests_total") == [3]
        assert len(list(tmp_path.iterdir())) == 1


def test_a_taken_port_is_one_line_with_the_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert main(["--ledgers", str(tmp_path), "--port", str(port)]) == 1
    assert capsys.readouterr().err == (
        f"error: port {port} on 127.0.0.1 is taken: "
        "stop what listens there or choose another with --port\n"
    )


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        (["--port", "65536"], 2, "error: --port is 65536: give a number from 0 to 65535\n"),
        (["--port", "-1"], 2, "error: --port is -1: give a number from 0 to 65535\n"),
        (
            ["--host", "192.0.2.1", "--port", "0"],
            1,
            "error: cannot listen on port 0 of 192.0.2.1: Cannot assign requested address\n",
        ),
    ],
)
def test_what_it_cannot_listen_on_is_one_line(
    arguments: list[str], status: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == status
    assert capsys.readouterr().err == line


def test_the_help_names_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    printed = " ".join(capsys.readouterr().out.split())
    assert f"({default_folder()})" in printed
    assert "(9100)" in printed
