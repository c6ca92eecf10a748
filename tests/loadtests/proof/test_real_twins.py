"""Slow and silent clients at real servers: a process each is taken, an event loop is not."""

from __future__ import annotations

import asyncio
from time import perf_counter_ns

import pytest
import uvloop

from loadtests.clients import Client, Silent, SlowReader, SlowSender, Vanishing
from loadtests.engine.mixed import MixedEngine
from loadtests.engine.recorder import Recorder
from loadtests.samples import Outcome
from servers.budget import Budget
from tests.servers.live import running

HELD_S = 0.8
CLIENTS: tuple[Client, ...] = (
    Silent(kind="silent", for_s=HELD_S, sends="half a line"),
    SlowSender(kind="slow-sender", bytes_per_s=80.0),
    Vanishing(kind="vanishing", after_ms=100.0),
)


async def beside(port: int) -> tuple[list[str], float]:
    """The outcomes of one client of each kind, and how long a good one waited behind the first."""
    recorder = Recorder(perf_counter_ns())
    engine = MixedEngine("127.0.0.1", port, recorder, 10)
    for url in ("/hello", "/hello", "/hello", "/wait?ms=1000"):
        engine.add_target(url)
    for number, client in enumerate(CLIENTS, 1):
        engine.add_client(number, client)
    engine.issue(1, perf_counter_ns())
    await asyncio.sleep(0.1)
    engine.issue(0, perf_counter_ns())
    await engine.settle(5.0)
    for number in (2, 3):
        engine.issue(number, perf_counter_ns())
        await engine.settle(5.0)
    await engine.drain(1.0)
    recorder.close()
    rows = sorted(recorder.full[0].columns(), key=lambda row: int(row["target"]))
    waited_s = (rows[0]["done_ns"] - rows[0]["intended_ns"]) / 1e9
    return [Outcome(row["outcome"]).name for row in rows], float(waited_s)


@pytest.mark.parametrize(("profile", "is_held"), [("sync", True), ("uvloop", False)])
def test_one_silent_client_stops_the_only_process_and_no_loop(profile: str, is_held: bool) -> None:
    with running(profile, Budget(slots=1)) as server:
        outcomes, waited_s = uvloop.run(beside(server.port))

    assert outcomes == ["COMPLETED", "GONE", "COMPLETED", "GONE"]
    if is_held:
        assert HELD_S - 0.2 < waited_s < HELD_S + 1.0
    else:
        assert waited_s < HELD_S / 2


EVENTS, EVENT_BYTES, READ_PER_S = 8, 65_536, 500_000.0
READ_S = EVENTS * EVENT_BYTES / READ_PER_S
KEPT_S = 200_000 / READ_PER_S
"""What a kernel and a server keep for a reader, and need not wait for: less than so much."""
BYSTANDERS = 5


async def beside_a_reader(port: int) -> tuple[float, list[float]]:
    """How long a slow reader reads, and how long each of some good ones waits meanwhile."""
    recorder = Recorder(perf_counter_ns())
    engine = MixedEngine("127.0.0.1", port, recorder, 10)
    engine.add_target("/hello")
    engine.add_target(f"/stream?events={EVENTS}&interval_ms=0&bytes={EVENT_BYTES}")
    engine.add_client(1, SlowReader(kind="slow-reader", bytes_per_s=READ_PER_S))
    engine.issue(1, perf_counter_ns())
    for _ in range(BYSTANDERS):
        await asyncio.sleep(0.08)
        engine.issue(0, perf_counter_ns())
    await engine.settle(10.0)
    await engine.drain(1.0)
    recorder.close()
    rows = sorted(recorder.full[0].columns(), key=lambda row: int(row["intended_ns"]))
    assert [int(row["target"]) for row in rows] == [1] + [0] * BYSTANDERS
    assert {Outcome(row["outcome"]).name for row in rows} == {"COMPLETED"}
    read_s, *waited_s = [float(row["done_ns"] - row["intended_ns"]) / 1e9 for row in rows]
    return read_s, waited_s


@pytest.mark.parametrize(
    ("profile", "is_held"), [("sync", True), ("gthread", True), ("asgi", False), ("uvloop", False)]
)
def test_one_slow_reader_keeps_the_only_slot_and_no_loop(profile: str, is_held: bool) -> None:
    with running(profile, Budget(slots=1)) as server:
        read_s, waited_s = uvloop.run(beside_a_reader(server.port))

    assert READ_S - 0.1 < read_s < READ_S + 2.0
    if is_held:
        # The first came 80 ms after the reader, and waits until the last of it is on its way.
        assert READ_S - KEPT_S - 0.08 < waited_s[0] < read_s
        assert waited_s == sorted(waited_s, reverse=True)
    else:
        # All of them came while it read; a busy host may be late with some.
        assert read_s > BYSTANDERS * 0.08
        assert sorted(waited_s)[BYSTANDERS // 2] < 0.05
