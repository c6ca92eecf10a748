"""A real Prometheus for tests, with the configuration of the repository."""

from __future__ import annotations

import json
import math
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboards.prometheus import local
from tests.dashboards.prometheus.programs import program
from tests.servers.live import free_port

READY_S = 60
PAUSE_S = 0.1


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer: its labels, and its values by time."""

    labels: dict[str, str]
    values: dict[float, float]

    @property
    def finite(self) -> bool:
        """Whether each of its values is a number."""
        return all(math.isfinite(value) for value in self.values.values())


@dataclass(frozen=True, slots=True)
class Prometheus:
    """It answers queries on 127.0.0.1."""

    port: int

    def over(self, expression: str, start: float, end: float) -> list[Series]:
        """An expression at each second between two times."""
        found = self._ask("query_range", query=expression, start=start, end=end, step=1)
        return [_series(one["metric"], one["values"]) for one in found["result"]]

    def at(self, expression: str, moment: float) -> list[Series]:
        """An expression at a moment."""
        found = self._ask("query", query=expression, time=moment)
        return [_series(one["metric"], [one["value"]]) for one in found["result"]]

    def now(self, expression: str) -> list[Series]:
        """An expression at this moment."""
        return self.at(expression, time.time())

    def values_of(self, label: str, selector: str, start: float, end: float) -> list[str]:
        """What a variable offers: the values of a label of all series between two times."""
        parameters = {"match[]": selector, "start": start, "end": end}
        found: list[str] = self._ask(f"label/{label}/values", **parameters)
        return found

    def until(self, expression: str, within_s: float) -> None:
        """Wait until an expression has a result."""
        deadline = time.monotonic() + within_s
        while not self.now(expression):
            assert time.monotonic() < deadline, f"not within {within_s} s: {expression}"
            time.sleep(PAUSE_S)

    def _ask(self, what: str, **parameters: object) -> Any:
        url = f"http://127.0.0.1:{self.port}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            found = json.load(answer)
        assert found["status"] == "success", found
        return found["data"]


@contextmanager
def scraping(folder: Path, exporter_port: int) -> Iterator[Prometheus]:
    """Run Prometheus, which scrapes an exporter each second into a folder."""
    port = free_port()
    config = local.configure(folder, f"127.0.0.1:{exporter_port}")
    command = [program("prometheus"), f"--config.file={config}"]
    command += [f"--storage.tsdb.path={folder / 'data'}", "--log.level=warn"]
    command += [f"--web.listen-address=127.0.0.1:{port}"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait_until_ready(port, process, folder / "log")
        yield Prometheus(port)
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_ready(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_S
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=2):
                return
        except OSError:
            said = log.read_text("utf-8")[-2_000:]
            assert process.poll() is None, f"prometheus ended with {process.returncode}:\n{said}"
            assert time.monotonic() < deadline, f"prometheus is not ready:\n{said}"
            time.sleep(PAUSE_S)


def _series(labels: dict[str, str], values: list[tuple[float, str]]) -> Series:
    return Series(labels, {at: float(value) for at, value in values})
