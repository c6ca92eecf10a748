"""A stack for tests: a folder of ledgers and the exporter that serves them, as users run it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.servers.live import ask, free_port

READY_S = 60
WITHIN_S = 30
PAUSE_S = 0.02
Key = tuple[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Scrape:
    """One scrape: every sample of one profile by its name and other labels."""

    samples: Mapping[Key, float]

    def total(self, name: str, **labels: str) -> float:
        """The sum of all samples of a name that have these labels; 0 where there are none."""
        return sum(self.values(name, **labels))

    def values(self, name: str, **labels: str) -> list[float]:
        """The samples of a name that have these labels."""
        wanted = labels.items()
        return [v for (n, own), v in self.samples.items() if n == name and wanted <= own]

    def label_values(self, name: str, label: str) -> list[str]:
        """The values of one label in all samples of a name."""
        return [dict(own)[label] for (n, own) in self.samples if n == name]


@dataclass(frozen=True, slots=True)
class Stack:
    """The folder that servers write into, and the port that the exporter serves on."""

    folder: Path
    port: int
    pid: int

    def text(self, timeout: float = 15) -> str:
        """What the exporter serves now."""
        answer = ask(self.port, "GET", "/metrics", {"Connection": "close"}, timeout=timeout)
        assert answer.status == 200
        return answer.body.decode()

    def scrape(self, profile: str | None = None) -> Scrape:
        """What the exporter serves now of one profile, or of all."""
        found: dict[Key, float] = {}
        text = self.text()
        if profile is not None:
            # To read what is of no interest takes most of the time, and of a processor.
            other = re.compile(rf'^(?!#).*[{{,]profile="(?!{profile}").*\n', re.MULTILINE)
            text = other.sub("", text)
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = dict(sample.labels)
                if profile is None or labels.pop("profile", profile) == profile:
                    found[sample.name, frozenset(labels.items())] = sample.value
        return Scrape(found)

    def at_rest(self, profile: str) -> Scrape:
        """A scrape when every request has ended: one is answered before it is counted."""
        return self.until(
            profile, lambda s: s.total("http_server_active_requests") == 0, "all have ended"
        )

    def until(self, profile: str, holds: Callable[[Scrape], bool], what: str) -> Scrape:
        """Scrape until `holds`; an AssertionError says what did not come true in time."""
        deadline = time.monotonic() + WITHIN_S
        while not holds(scrape := self.scrape(profile)):
            assert time.monotonic() < deadline, f"{profile}: not within {WITHIN_S} s: {what}"
            time.sleep(PAUSE_S)
        return scrape


@contextmanager
def exported(folder: Path) -> Iterator[Stack]:
    """Run the exporter of a folder."""
    port = free_port()
    command = [sys.executable, "-m", "servers.exporter", "--ledgers", str(folder), "--port"]
    process = subprocess.Popen(
        [*command, str(port)], env=os.environ.copy(), stdout=subprocess.DEVNULL
    )
    try:
        stack = Stack(folder, port, process.pid)
        deadline = time.monotonic() + READY_S
        while True:
            try:
                stack.text(timeout=2)
                break
            except OSError:
                assert process.poll() is None, f"the exporter ended with {process.poll()}"
                assert time.monotonic() < deadline, "the exporter is not ready"
                time.sleep(PAUSE_S)
        yield stack
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
