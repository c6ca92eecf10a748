"""Who kept a worker, thread or loop from serving anyone else: by route, and by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from loadtests.analysis.instruments import HeldLine, RouteHold
from loadtests.analysis.split import completed
from loadtests.records import Stack
from loadtests.samples import NEVER, Samples

LINES = 3
"""Lines that are named of each route: the rest is noise of the sampling."""


def holds_of(samples: Samples, routes: Mapping[str, str]) -> tuple[RouteHold, ...]:
    """The hold of each route, the greatest first; `routes` tells the route of each URL.

    Where only some of a route's requests were measured, they stand for all of them.
    """
    answered = completed(samples)
    of_url = np.array([routes[url] for url in answered.urls], dtype=object)
    found: list[tuple[str, int, float, float]] = []
    for route in sorted(set(of_url)):
        mine = answered.where((of_url == route)[answered.url])
        held = mine.where(mine.hold_ns != NEVER)
        if len(held.hold_ns):
            longest_ms = float(np.where(held.step_ns == NEVER, 0, held.step_ns).max()) / 1e6
            mean_ms = int(held.hold_ns.sum()) / len(held.hold_ns) / 1e6
            found.append((route, len(mine.done_ns), mean_ms, longest_ms))
    total_ms = sum(requests * mean_ms for _, requests, mean_ms, _ in found)
    return tuple(
        RouteHold(
            route=route,
            requests=requests,
            mean_ms=round(mean_ms, 3),
            longest_ms=round(longest_ms, 3),
            share=round(requests * mean_ms / total_ms, 4) if total_ms else 0.0,
        )
        for route, requests, mean_ms, longest_ms in sorted(
            found, key=lambda one: (-one[1] * one[2], one[0])
        )
    )


def held_lines_of(stacks: Sequence[Stack]) -> tuple[HeldLine, ...]:
    """The lines at which each route was found holding the longest, route by route."""
    by_line: dict[tuple[str, str], list[Stack]] = {}
    of_route: dict[str, int] = {}
    for stack in stacks:
        if stack.frames:
            by_line.setdefault((stack.route, stack.frames[0]), []).append(stack)
            of_route[stack.route] = of_route.get(stack.route, 0) + stack.samples
    found: dict[str, list[HeldLine]] = {route: [] for route in sorted(of_route)}
    for (route, line), same in by_line.items():
        samples = sum(stack.samples for stack in same)
        found[route].append(
            HeldLine(
                route=route,
                line=line,
                samples=samples,
                share=round(samples / of_route[route], 4) if of_route[route] else 0.0,
                held_ms=round(sum(stack.held_ms for stack in same), 3),
                frames=max(same, key=lambda stack: (stack.held_ms, stack.frames)).frames,
            )
        )
    return tuple(
        line
        for lines in found.values()
        for line in sorted(lines, key=lambda one: (-one.held_ms, one.line))[:LINES]
    )
