"""Who kept a worker, thread or loop from serving anyone else: routes, lines and workers."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from dashboards.report.cells import Cell, Row
from dashboards.report.format import count, figure, listed, percent, plural
from loadtests.analysis.instruments import RouteHold, WorkerShare
from loadtests.analysis.summary import Trial

HEADINGS = ("requests", "mean hold", "longest step", "share of hold")
UNITS = ("answered", "ms, to its end", "ms, to the answer", "%")
CALLERS = 3
LEAST_SHARE = 0.01
"""What a route must have of a profile's hold to be shown."""


@dataclass(frozen=True, slots=True)
class Held:
    """A route of a profile; the figures are those of HEADINGS, over the valid trials."""

    profile: str
    route: str
    figures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeldAt:
    """A line of the program at which requests were found holding, and who called it."""

    profile: str
    text: str
    callers: tuple[str, ...]


def routes(cell: Cell) -> tuple[Held, ...]:
    """Each profile's routes that hold anything to speak of, the one that holds the most first."""
    return tuple(held for row in cell.drawn for held in _routes(row))


def _routes(row: Row) -> Iterator[Held]:
    by_route: dict[str, list[RouteHold]] = {}
    for trial in row.valid:
        for hold in trial.holds:
            by_route.setdefault(hold.route, []).append(hold)
    for route, found in sorted(by_route.items(), key=lambda one: -sum(h.share for h in one[1])):
        # A route that a trial did not ask for held nothing there.
        share = sum(hold.share for hold in found) / len(row.valid)
        if share < LEAST_SHARE:
            continue
        shown = (
            count(statistics.median(hold.requests for hold in found)),
            figure(statistics.median(hold.mean_ms for hold in found)),
            figure(max((h.longest_ms for h in found if h.longest_ms is not None), default=None)),
            figure(100 * share),
        )
        yield Held(row.profile, route, shown)


def lines(cell: Cell) -> tuple[HeldAt, ...]:
    """Where requests were found holding, by profile, of its first trial that was explained."""
    found: list[HeldAt] = []
    for row in cell.drawn:
        explained = next((trial.held_lines for trial in row.valid if trial.held_lines), ())
        for line in explained:
            text = f"{line.route}: {percent(line.share)} of samples in {line.line}"
            found.append(HeldAt(row.profile, text, line.frames[1 : 1 + CALLERS]))
    return tuple(found)


def workers(cell: Cell) -> tuple[tuple[Trial, WorkerShare], ...]:
    """Every worker of every valid trial that had more than one."""
    return tuple(
        (trial, worker)
        for row in cell.drawn
        for trial in row.valid
        if len(trial.workers) > 1
        for worker in trial.workers
    )


def notes(cell: Cell) -> Iterator[str]:
    """What kernel and supervisor counted in valid trials, where there was anything to count."""
    for row in cell.drawn:
        events: Counter[str] = Counter()
        restarts = 0
        for side in (trial.server_side for trial in row.valid):
            if side is not None:
                events.update(side.tcp_events)
                restarts += side.restarts or 0
        each = [f"{number} {name}" for name, number in events.items()]
        each += [plural(restarts, "worker restart")] if restarts else []
        if each:
            trials = plural(len(row.valid), "trial")
            yield f"Counted with {row.profile}, in {trials}: {listed(each)}."
