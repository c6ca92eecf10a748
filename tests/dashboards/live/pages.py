"""A live page that runs: the door as a subprocess, as a user starts it."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from loadtests.lessons import lesson as lessons
from loadtests.lessons.recorded import RECORDED
from tests.loadtests.mini import ROOT, eventually, free_ports

END_S = 20.0


@dataclass
class Running:
    """The process, the address of its page, and what it said."""

    process: subprocess.Popen[str]
    address: str
    log: Path


@contextlib.contextmanager
def start(log: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The door with its output in a log; what is left of it at the end ends by Ctrl-C."""
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "dashboards", "live", "--no-open", *arguments],
            cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(END_S)


@contextlib.contextmanager
def page(log: Path, *arguments: str) -> Iterator[Running]:
    """A page, once it is there."""
    with start(log, *arguments) as process:
        found = eventually(lambda: re.search(r"http://127\.0\.0\.1:\d+/", log.read_text()))
        yield Running(process, found[0], log)


def replay(log: Path, number: int) -> contextlib.AbstractContextManager[Running]:
    """The page with the recorded run of a lesson."""
    return page(log, "--port", "0", "--replay", str(lessons.folder(number) / RECORDED))


def ports() -> list[str]:
    """The arguments for four free ports."""
    names = ("--port", "--wsgi-port", "--asgi-port", "--downstream-port")
    pairs = zip(names, map(str, free_ports(len(names))), strict=True)
    return [text for pair in pairs for text in pair]


def live(log: Path, *arguments: str) -> contextlib.AbstractContextManager[Running]:
    """A live page on free ports."""
    return page(log, *ports(), *arguments)
