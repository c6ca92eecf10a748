"""Processes for tests that do nothing of their own accord, and what a collector says of them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from servers.ledger import Ledger, path_of

DEADLINE_S = 30
# A child says that it is ready, does what it is told to, and ends with its standard input.
_IDLE = "import sys; print('ready', flush=True); sys.stdin.read()"

Found = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@contextmanager
def child(code: str = _IDLE, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process that runs while the block does; its first line has been read."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def ledger_of(
    folder: Path, pid: int, profile: str = "sync", workers: int = 1, supervisor: int = 0
) -> Ledger:
    """The ledger of a worker, written here on its behalf."""
    about = {"workers": workers, "supervisor": supervisor}
    return Ledger(path_of(folder, pid), {"profile": profile, "worker": str(pid)}, about)


def scrape(collector: Collector) -> Found:
    """Every sample that a collector serves, by its name and its labels, as Prometheus reads it."""
    registry = CollectorRegistry()
    registry.register(collector)
    return samples(generate_latest(registry).decode())


def samples(text: str) -> Found:
    """Every sample of an exposition."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def series(found: Found, name: str, **labels: str) -> list[float]:
    """The values of the samples of that name that have at least those labels."""
    return [
        value
        for (one, theirs), value in found.items()
        if one == name and labels.items() <= dict(theirs).items()
    ]


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether something becomes true before the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return holds()
