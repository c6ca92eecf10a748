"""One twin as the class sees it: what its requests of the last seconds add up to.

Rule: everything here follows from the requests and from a few counts of the server, so that a
recorded run shows what a running one does.
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

from loadtests.live.asked import Asked
from loadtests.live.expected import Expected, expected
from loadtests.live.lanes import Lanes
from loadtests.live.seen import Seen, Server, Waiting, quantile_ms
from loadtests.live.telling import Holding, sentence
from servers.budget import Budget

WINDOW_MS = 5000.0
"""What the figures are of, at most: long enough for a p99, short enough to be watched."""
SHOWN = 300
"""Bars and waiting requests in one frame: more cannot be told apart on a page."""
LEAST_MS = 250.0
"""The shortest time of which anything is told as so many a second."""
FEW = 20
OWN_MS = 1.0
"""What a request is taken to cost a server before that has been measured."""


class View:
    """A twin from the start of its servers on; make another one when these are replaced."""

    def __init__(self, profile: str, budget: Budget, since_ms: float) -> None:
        self.profile, self._budget = profile, budget
        self.lanes = Lanes(profile, budget)
        self.since_ms = since_ms
        self._recent: deque[Seen] = deque()
        self._bars: list[list[float | int | None]] = []
        self._used: deque[tuple[float, float]] = deque()
        self._holds = False
        self._asked: Asked | None = None
        self._asked_ms = since_ms
        self._own_ms = OWN_MS

    def add(self, seen: Iterable[Seen]) -> None:
        """Requests that have ended, in any order."""
        fresh = sorted(seen, key=lambda one: one.began_ms or one.sent_ms)
        for one in fresh:
            self._bars.append(_bar(one, self.lanes.place(one)))
            if not one.aside and one.began_ms is not None:
                self._holds = one.holds and (self.lanes.loops or one.runs)
        self._recent.extend(sorted(fresh, key=lambda one: one.done_ms))

    def frame(
        self, now_ms: float, waiting: Sequence[Waiting], server: Server, asked: Asked
    ) -> dict[str, Any]:
        """Everything that is shown of it at a moment; the bars are those since the last frame."""
        if asked != self._asked:
            # What came of another load says nothing of this one.
            self._asked, self._asked_ms = asked, now_ms if self._asked else self.since_ms
        from_ms = max(now_ms - WINDOW_MS, self._asked_ms)
        while self._recent and self._recent[0].done_ms < from_ms:
            self._recent.popleft()
        figures = self._figures(now_ms, from_ms, waiting, server)
        holding = _holding(self._recent)
        self._note_own(now_ms, figures["cpu"], asked)
        theory = expected(self.profile, self._budget, asked, self._own_ms)
        bars, self._bars = self._bars[-SHOWN:], []
        ahead = sorted(waiting)
        hand, queue = ahead[: server.active], ahead[server.active :]
        lanes = self.lanes.in_hand(hand)
        return {
            "profile": self.profile,
            "lanes": list(self.lanes.labels),
            "loops": self.lanes.loops,
            "since_ms": round(self.since_ms, 1),
            **{name: _short(value) for name, value in figures.items()},
            "expected": _told(theory),
            "diagnosis": sentence(self.profile, self._budget, figures, asked, holding, server),
            "bars": bars,
            "hand": [
                [lane, round(one.intended_ms, 1), round(began_ms, 1), int(one.aside)]
                for one, (lane, began_ms) in zip(hand, lanes, strict=True)
            ][:SHOWN],
            "holds": self._holds,
            "queue": [[round(one.intended_ms, 1), int(one.aside)] for one in queue[:SHOWN]],
        }

    def _figures(
        self, now_ms: float, from_ms: float, waiting: Sequence[Waiting], server: Server
    ) -> dict[str, float | None]:
        span_s = max(now_ms - from_ms, LEAST_MS) / 1000.0
        main = [one for one in self._recent if one.counts and not one.aside]
        ages = [now_ms - one.intended_ms for one in waiting if one.counts and not one.aside]
        aside = [one.latency_ms for one in self._recent if one.aside and one.ok]
        aside += [now_ms - one.intended_ms for one in waiting if one.aside]
        answered = [one.latency_ms for one in main if one.ok]
        # Who still waits has waited so long at least: a server that stands still shows it so.
        longest = max(answered, default=0.0)
        latencies = answered + [age for age in ages if age > longest]
        held = [one for one in self._recent if one.began_ms is not None]
        units = len(self.lanes.labels)
        return {
            "p50_ms": quantile_ms(latencies, 0.5),
            "p99_ms": quantile_ms(latencies, 0.99),
            "bystander_ms": quantile_ms(aside, 0.9),
            "answered_rps": len(answered) / span_s,
            "failed_rps": (len(main) - len(answered)) / span_s,
            "in_flight": float(len(waiting)),
            "queued": float(max(len(waiting) - server.active, 0)),
            "occupancy": min(sum(one.hold_ms for one in held) / 1000.0 / span_s / units, 1.0),
            "hold_ms": _mean(one.hold_ms for one in held if not one.aside),
            "step_ms": max((one.step_ms for one in held), default=None),
            "queue_ms": quantile_ms(
                (one.began_ms - one.sent_ms for one in main if one.began_ms is not None), 0.5
            ),
            "oldest_ms": max(ages, default=None),
            "cpu": self._cpu(now_ms, server),
        }

    def _cpu(self, now_ms: float, server: Server) -> float | None:
        """Processors used, over the window or since the server began."""
        if server.cpu_s is None:
            return None
        self._used.append((now_ms, server.cpu_s))
        while len(self._used) > 2 and self._used[1][0] <= now_ms - WINDOW_MS:
            self._used.popleft()
        then_ms, before_s = self._used[0]
        passed_s = (now_ms - then_ms) / 1000.0
        return (server.cpu_s - before_s) / passed_s if passed_s else None

    def _note_own(self, now_ms: float, cpu: float | None, asked: Asked) -> None:
        """What a request costs the server beside what it asks for: where that can be told."""
        settled = now_ms - self._asked_ms >= WINDOW_MS
        if cpu is not None and settled and len(self._recent) >= FEW and not asked.computes:
            self._own_ms = max(cpu * WINDOW_MS / len(self._recent), 0.05)


def _holding(recent: Iterable[Seen]) -> Holding:
    """The path of the load that held the most."""
    held: dict[str, list[float]] = {}
    for one in recent:
        if not one.aside and one.began_ms is not None:
            held.setdefault(one.path, []).append(one.hold_ms)
    total_ms = sum(map(sum, held.values()))
    path, most = max(held.items(), key=lambda item: sum(item[1]), default=("", [0.0]))
    return Holding(path, sum(most) / total_ms if total_ms else 0.0, statistics.fmean(most))


def _bar(one: Seen, lane: int | None) -> list[float | int | None]:
    """Lane, intended, sent, began, ended, done, hold, processor, bystander, answered."""
    times = (one.intended_ms, one.sent_ms, one.began_ms, one.ended_ms, one.done_ms)
    spans = (one.hold_ms, one.cpu_ms)
    return [lane, *map(_short, times), *map(_short, spans), int(one.aside), int(one.ok)]


def _told(theory: Expected | None) -> dict[str, Any]:
    """For JSON, which knows no infinity: None where a queue only grows. Empty without a theory."""
    if theory is None:
        return {}
    finite = {"p50_ms": theory.p50_ms, "p99_ms": theory.p99_ms}
    shown = {name: _short(ms) if ms < 1e7 else None for name, ms in finite.items()}
    return {"capacity_rps": _short(theory.capacity_rps), "model": theory.model, **shown}


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return statistics.fmean(found) if found else None


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 3 if abs(value) < 10 else 1)
