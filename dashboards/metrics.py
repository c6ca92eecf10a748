"""`python -m dashboards.metrics`: a real Prometheus beside the running testbed, until Ctrl-C.

It scrapes the exporter, which is started too where none runs, and keeps nothing when it ends.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from dashboards.prometheus import local

ROOT = Path(__file__).parent.parent
UNPACK = ROOT / "dashboards/stack/unpack.sh"
UNPACKED = ROOT / ".cache/prometheus"
READY_S = 20.0
STOP_S = 10.0
# What only the testbed's exporter serves, with or without servers.
_OURS = b"\n# TYPE testbed_workers gauge\n"


class MetricsError(Exception):
    """One line for the user: what is in the way, and the remedy."""


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, run until told to end, and return the exit status."""
    arguments = _parser().parse_args(argv)
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    try:
        _watch(arguments.port, arguments.exporter_port, over)
    except MetricsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _watch(port: int, exporter_port: int, over: threading.Event) -> None:
    program = find(os.environ.get("PATH", ""))
    _check_free(port, "--port (make metrics PROMETHEUS_PORT=…)")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="testbed-")))
        if not _serves_metrics(exporter_port):
            _check_free(exporter_port, "--exporter-port (make metrics EXPORTER_PORT=…)")
            exporter = [sys.executable, "-m", "servers.exporter", "--port", str(exporter_port)]
            running = stack.enter_context(_running(exporter, folder / "exporter.log"))
            _await(running, folder / "exporter.log", exporter_port, "/metrics", over)
        command = _command(program, folder, port, exporter_port)
        prometheus = stack.enter_context(_running(command, folder / "prometheus.log"))
        _await(prometheus, folder / "prometheus.log", port, "/-/ready", over)
        if over.is_set():
            return
        print(
            f"Prometheus at http://127.0.0.1:{port} watches the exporter at "
            f"http://127.0.0.1:{exporter_port}/metrics; Ctrl-C ends it{_without_page(port)}",
            flush=True,
        )
        while not over.wait(0.2):
            _check_alive(prometheus, folder / "prometheus.log")


def find(path: str, unpacked: Path = UNPACKED, unpack: Path = UNPACK) -> str:
    """Where Prometheus is: on `path`, or unpacked before, or unpacked now where Debian has it."""
    places = os.pathsep.join([path, str(unpacked / "usr/bin")])
    found = shutil.which("prometheus", path=places)
    if found:
        return found
    print(f"Unpacking Prometheus from its Debian package into {unpacked} (once) …", flush=True)
    done = subprocess.run(
        ["sh", str(unpack), str(unpacked), "prometheus", "promtool"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = shutil.which("prometheus", path=places)
    if done.returncode or not found:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise MetricsError(
            f"there is no Prometheus here, and none can be unpacked ({said[-1]}): put the program "
            "`prometheus` on the PATH (https://prometheus.io/download), then run this again"
        )
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dashboards.metrics",
        description="Run Prometheus beside the testbed of this machine until Ctrl-C.",
    )
    parser.add_argument("--port", type=_port, default=9090, help="of Prometheus (%(default)s)")
    parser.add_argument(
        "--exporter-port", type=_port, default=9100, help="of the exporter (%(default)s)"
    )
    return parser


def _port(text: str) -> int:
    if not (text.isdigit() and 1 <= int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 1 to 65535")
    return int(text)


def _command(program: str, folder: Path, port: int, exporter_port: int) -> list[str]:
    configuration = local.configure(folder / "configuration", f"127.0.0.1:{exporter_port}")
    return [
        program,
        f"--config.file={configuration}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]


def _fetch(port: int, path: str) -> bytes | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.read() if answer.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _serves_metrics(port: int) -> bool:
    return _OURS in (_fetch(port, "/metrics") or b"")


def _without_page(port: int) -> str:
    """What to do where it shows no page, which Debian leaves out of its package."""
    # Their place in Prometheus 3 and 2.
    if _fetch(port, "/query") or _fetch(port, "/graph"):
        return ""
    asked = f"http://127.0.0.1:{port}/api/v1/query?query=testbed_workers"
    return f"\nIt has no page of its own here: ask it with Grafana, or curl '{asked}'"


def _check_free(port: int, option: str) -> None:
    try:
        with socket.create_server(("127.0.0.1", port)):
            pass
    except OSError as error:
        raise MetricsError(
            f"port {port} cannot be had ({error.strerror}): stop what listens there, "
            f"or choose another with {option}"
        ) from None


@contextlib.contextmanager
def _running(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        # In a session of its own Ctrl-C does not reach it: it is ended here, in order.
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(
    process: subprocess.Popen[bytes], log: Path, port: int, path: str, over: threading.Event
) -> None:
    deadline = time.monotonic() + READY_S
    while not over.is_set() and _fetch(port, path) is None:
        _check_alive(process, log)
        if time.monotonic() > deadline:
            raise MetricsError(f"{log.stem} is not ready after {READY_S:g} s: {_end(log)}")
        over.wait(0.1)


def _check_alive(process: subprocess.Popen[bytes], log: Path) -> None:
    if process.poll() is not None:
        raise MetricsError(f"{log.stem} ended with status {process.returncode}: {_end(log)}")


def _end(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


if __name__ == "__main__":
    sys.exit(main())
