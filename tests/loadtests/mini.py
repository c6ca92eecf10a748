"""A small experiment run for real: the door as a subprocess, as a user starts it."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import psutil

from loadtests.plan import GeneratorPlan

ROOT = Path(__file__).parent.parent.parent
DEADLINE_S = 60.0
T = TypeVar("T")


def experiment(path: Path, profiles: Sequence[str], **changes: object) -> Path:
    """Write an experiment of `/wait?ms=20` at 50 requests/s; `changes` replace its top keys."""
    keys = {"seed": 7, "warmup_s": 0.3, "measure_s": 1.5, "drain_s": 1.0, "retries": 0, **changes}
    lines = [f"{key} = {value}" for key, value in keys.items()]
    names = ", ".join(f'"{name}"' for name in profiles)
    path.write_text(
        "\n".join(
            [
                'name = "mini"',
                'question = "Does it work?"',
                *lines,
                f"profiles = [{names}]",
                "[[workloads]]",
                'name = "wait"',
                'requests = [{ path = "/wait", params = { ms = 20 } }]',
                "[[loads]]",
                'mode = "open"',
                'name = "50/s"',
                "rate = 50.0",
            ]
        )
    )
    return path


def start(*arguments: str | Path, prefix: Sequence[str] = ()) -> subprocess.Popen[str]:
    """Start `python -m loadtests` with its output captured."""
    return subprocess.Popen(
        [*prefix, sys.executable, "-m", "loadtests", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Its exit code, what it printed, and what it complained of."""
    out, err = process.communicate(timeout=DEADLINE_S)
    return process.returncode, out, err


def ledgers_under_way(output: Path) -> Path | None:
    """The folder of the ledgers of a trial whose generator has been told to begin."""
    for plan in output.glob("trials/.*/plan.json"):
        found = GeneratorPlan.model_validate_json(plan.read_bytes()).ledgers
        return found if found is not None and found.exists() else None
    return None


def run(*arguments: str | Path, prefix: Sequence[str] = ()) -> tuple[int, str, str]:
    """Start it and wait for its end."""
    return finish(start(*arguments, prefix=prefix))


def eventually(what: Callable[[], T | None]) -> T:
    """Poll until there is something; fail at a deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def descendants(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Every process that it has started, and that these have."""
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def of_kind(process: subprocess.Popen[str], word: str) -> list[psutil.Process]:
    """Descendants with a word in their command, the eldest first."""
    found = []
    for one in descendants(process):
        try:
            if word in one.cmdline():
                found.append(one)
        except psutil.Error:
            continue
    return found


def gone(processes: Sequence[psutil.Process]) -> bool:
    """Whether none of them runs."""
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 on which nothing listens."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
