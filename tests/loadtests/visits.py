"""Clients with ways of their own, driven against a server whose every byte a test decides."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from time import perf_counter_ns
from typing import Any, NamedTuple

import pyarrow.parquet as pq
import uvloop
from pydantic import TypeAdapter

from loadtests.clients import Client
from loadtests.engine.mixed import MixedEngine
from loadtests.engine.recorder import Recorder
from loadtests.engine.stamps import Stamps
from loadtests.plan import Target
from loadtests.sample_writer import SampleWriter
from tests.loadtests.stub import Behaviour, serving

CLIENT: TypeAdapter[Client] = TypeAdapter(Client)
Row = dict[str, Any]


class Asked(NamedTuple):
    """A request of a test: who sends it, and to where."""

    client: dict[str, Any] | None
    url: str = "/hello"
    method: str = "GET"
    body_bytes: int = 0

    def target(self, number: int) -> Target:
        """As a plan has it."""
        return Target(
            number=number, stream="load", path=self.url, url=self.url, weight=1.0,
            method=self.method, body_bytes=self.body_bytes,
            client=None if self.client is None else CLIENT.validate_python(self.client),
        )  # fmt: skip


def visited(
    behave: Behaviour | None,
    asked: Sequence[Asked],
    folder: Path,
    *,
    drain_s: float = 5.0,
    cap: int = 100,
    gap_s: float = 0.0,
    stamps: Stamps | None = None,
) -> list[Row]:
    """One request each, all at once or `gap_s` apart; the samples as a file holds them.

    Without a behaviour nobody listens.

    Times are milliseconds from the intended time.
    """
    rows: list[Row] = uvloop.run(_visit(behave, asked, folder, drain_s, cap, gap_s, stamps))
    return rows


@contextlib.asynccontextmanager
async def nobody() -> AsyncIterator[int]:
    """A port at which nobody listens, kept from others meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


async def _visit(
    behave: Behaviour | None,
    asked: Sequence[Asked],
    folder: Path,
    drain_s: float,
    cap: int,
    gap_s: float,
    stamps: Stamps | None,
) -> list[Row]:
    targets = [one.target(number) for number, one in enumerate(asked)]
    async with serving(behave) if behave else nobody() as port:
        recorder = Recorder(perf_counter_ns())
        engine = MixedEngine("127.0.0.1", port, recorder, cap, stamps)
        for target in targets:
            engine.add_target(target.url, None, target.method, target.body_bytes)
            if target.client is not None:
                engine.add_client(target.number, target.client)
        for target in targets:
            engine.issue(target.number, perf_counter_ns())
            await asyncio.sleep(gap_s)
        await engine.drain(drain_s)
        assert engine.in_flight == 0
        assert engine.under_way() == []
    return rows_of(recorder, targets, folder / "samples.parquet")


def rows_of(recorder: Recorder, targets: Sequence[Target], path: Path) -> list[Row]:
    """What was recorded, written and read again."""
    recorder.close()
    writer = SampleWriter(path, targets)
    while recorder.full:
        writer.write(recorder.full.popleft())
    writer.close()
    found: list[Row] = pq.read_table(path).to_pylist()
    for row in found:
        for name in ("sent_ns", "done_ns", "accepted_ns"):
            late = None if row[name] is None else (row[name] - row["intended_ns"]) / 1e6
            row[name.replace("_ns", "_ms")] = late
    return sorted(found, key=lambda row: row["intended_ns"])
