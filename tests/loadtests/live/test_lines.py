"""A session by lines, as a process: what comes in is obeyed, and its end is the session's."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.loadtests.mini import ROOT

ECHO = """
from loadtests.live import lines

class Echo:
    def obey(self, command):
        lines.write({"obeyed": command})
    def tick(self):
        lines.write({"tick": 1})

commands = lines.Commands()
lines.write({"hello": 1})
commands.keep(Echo())
"""


@pytest.fixture
def echo() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", ECHO],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        yield process
        process.kill()


def told(output: str) -> list[dict[str, Any]]:
    """What it has said, but for its ticks."""
    lines = [json.loads(line) for line in output.splitlines()]
    return [line for line in lines if "tick" not in line]


def test_commands_are_obeyed_in_order_and_the_end_of_them_ends_it(
    echo: subprocess.Popen[str],
) -> None:
    commands = [{"do": "a", "id": 1}, {"do": "b"}]
    written = [*map(json.dumps, commands), "no JSON", "[1]", "1" * 5000, ""]
    out, err = echo.communicate("\n".join(written), timeout=10)

    assert told(out) == [{"hello": 1}, *({"obeyed": command} for command in commands)]
    assert (echo.returncode, err) == (0, "")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_it_in_order(echo: subprocess.Popen[str], name: str) -> None:
    assert echo.stdout is not None
    assert "hello" in echo.stdout.readline()
    assert "tick" in echo.stdout.readline()
    echo.send_signal(getattr(signal, name))

    assert echo.wait(10) == 0
    assert echo.stderr is not None
    assert echo.stderr.read() == ""


def test_it_ticks_three_times_a_second(echo: subprocess.Popen[str]) -> None:
    assert echo.stdout is not None
    assert echo.stdin is not None
    assert "hello" in echo.stdout.readline()
    begun = time.monotonic()
    assert all("tick" in echo.stdout.readline() for _ in range(4))
    assert 1.0 <= time.monotonic() - begun < 2.5
    echo.stdin.close()

    assert echo.wait(10) == 0
