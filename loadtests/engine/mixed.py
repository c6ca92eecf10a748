"""An engine some of whose targets are asked for by clients with ways of their own.

Ordinary requests go the way that they always go: only a plan that has such clients is run by this
engine, and pays for the look whose request it is.
"""

from __future__ import annotations

import asyncio
from time import perf_counter_ns, time_ns
from typing import Any

from loadtests.clients import Client
from loadtests.engine.connection import Connection
from loadtests.engine.engine import Engine, kind_of
from loadtests.engine.exchange import Then, Visit
from loadtests.engine.line import Line
from loadtests.engine.misbehaviour import Fate, behave
from loadtests.engine.request import Template
from loadtests.engine.server_timing import split_of
from loadtests.samples import NEVER, Outcome


class MixedEngine(Engine):
    """See Engine. A client's visit counts as one request in flight, however often it asks."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._clients: dict[int, Client] = {}
        self._visits: dict[asyncio.Task[None], Visit] = {}

    def add_client(self, target: int, client: Client) -> None:
        """Say who asks for a target that has been added."""
        self._clients[target] = client

    def issue(
        self,
        target: int,
        intended_ns: int,
        then: Then | None = None,
        pool: list[Connection] | None = None,
    ) -> None:
        """See Engine.issue. A client uses connections of its own, and no `pool`."""
        client = self._clients.get(target)
        if client is None:
            super().issue(target, intended_ns, then, pool)
            return
        # What is done for somebody who vanishes is told by the server, of requests with a stamp.
        stamped = not client.misbehaves or client.kind == "vanishing"
        asked = stamped and self._stamps.take(intended_ns, then is None)
        visit = Visit(target, intended_ns, then, asked)
        self.in_flight += 1
        if self.in_flight > self._max_in_flight:
            self._end(visit, Fate(Outcome.DROPPED, perf_counter_ns()))
            return
        task = asyncio.get_running_loop().create_task(self._serve(client, visit))
        self._visits[task] = visit

    def under_way(self) -> list[tuple[int, int]]:
        """See Engine.under_way."""
        visits = [(one.target, one.intended_ns) for one in self._visits.values()]
        return [*super().under_way(), *visits]

    async def drain(self, deadline_s: float) -> None:
        """See Engine.drain: visits that have not ended are censored too."""
        await self.settle(deadline_s)
        visits, self._visits = self._visits, {}
        for task, visit in visits.items():
            task.cancel()
            visit.then = None
            self._end(visit, Fate(Outcome.CENSORED, perf_counter_ns()))
        await asyncio.gather(*visits, return_exceptions=True)
        await super().drain(0.0)

    async def _serve(self, client: Client, visit: Visit) -> None:
        call = _Call(self, visit, self._templates[visit.target])
        try:
            fate = await behave(client, call)
        except OSError as error:
            fate = Fate(Outcome.FAILED, perf_counter_ns(), 0, kind_of(error))
        task = asyncio.current_task()
        # Who was censored meanwhile has a fate already.
        if task is not None and self._visits.pop(task, None) is not None:
            self._end(visit, fate)

    def _end(self, visit: Visit, fate: Fate) -> None:
        self.in_flight -= 1
        split = split_of(fate.headers) if visit.asked and fate.headers else None
        self.recorder.record_visit(visit, fate.outcome, fate.at_ns, fate.status, fate.error, split)
        if visit.then is not None:
            visit.then(fate.outcome == Outcome.COMPLETED, fate.at_ns)
        if not self.in_flight:
            self._empty.set()


class _Call:
    """See misbehaviour.Call."""

    def __init__(self, engine: MixedEngine, visit: Visit, template: Template) -> None:
        self.visit = visit
        self._engine, self._template = engine, template
        self.body = template.body

    @property
    def head(self) -> bytes:
        """See Call.head. One that is asked for its split is stamped anew for each attempt."""
        if not self.visit.asked:
            return self._template.head + b"\r\n"
        return self._template.head + b"X-Request-Start: t=%d\r\n\r\n" % (time_ns() // 1000)

    async def connect(self, receive_bytes: int = 0) -> Line:
        """See Call.connect. The visit's times are those of its first connection."""
        started_ns = perf_counter_ns()
        line = await Line.open(*self._engine.address, receive_bytes)
        self._engine.connections_opened += 1
        if self.visit.sent_ns == NEVER:
            self.visit.sent_ns = perf_counter_ns()
            self.visit.connect_ns = self.visit.sent_ns - started_ns
        return line

    def get(self, url: str) -> bytes:
        """See Call.get."""
        return Template(url, self._template.host).unasked()
