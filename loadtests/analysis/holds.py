"""Who kept a worker, thread or loop from serving anyone else: by route, and by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from loadtests.analysis import counters
from loadtests.analysis.instruments import HeldLine, RouteHold
from loadtests.analysis.quantiles import rounded
from loadtests.analysis.scrapes import Scrape
from loadtests.analysis.split import completed
from loadtests.records import Stack
from loadtests.samples import NEVER, Samples

LINES = 3
"""Lines that are named of each route: the rest is noise of the sampling."""


def holds_of(
    scrapes: Sequence[Scrape], samples: Samples, routes: Mapping[str, str]
) -> tuple[RouteHold, ...]:
    """The hold of each route, the greatest first; `routes` tells the route of each URL.

    Number and mean are what the workers counted, or by the samples where nothing was scraped.
    Where only some of a route's requests were measured, they stand for all of them.
    """
    sampled = _by_route(completed(samples), routes)
    counts = {r: count for r, count in counters.by_route(scrapes).items() if count.measured}
    if not counts:
        counts = {route: _count(of_route) for route, of_route in sampled.items()}
    longest_ms = {route: _longest_ms(of_route) for route, of_route in sampled.items()}
    total_s = sum(count.hold_s for count in counts.values())
    return tuple(
        RouteHold(
            route=route,
            requests=count.requests,
            mean_ms=round(1000 * count.measured_hold_s / count.measured, 3),
            longest_ms=rounded(longest_ms.get(route)),
            share=round(count.hold_s / total_s, 4) if total_s else 0.0,
        )
        for route, count in sorted(counts.items(), key=lambda one: (-one[1].hold_s, one[0]))
    )


def _by_route(samples: Samples, routes: Mapping[str, str]) -> dict[str, Samples]:
    """The samples of each route of which any was measured."""
    of_url = np.array([routes[url] for url in samples.urls], dtype=object)
    found = {route: samples.where((of_url == route)[samples.url]) for route in sorted(set(of_url))}
    return {route: of for route, of in found.items() if np.any(of.hold_ns != NEVER)}


def _count(samples: Samples) -> counters.Count:
    held_ns = samples.hold_ns[samples.hold_ns != NEVER]
    return counters.Count(len(samples.hold_ns), len(held_ns), int(held_ns.sum()) / 1e9)


def _longest_ms(samples: Samples) -> float:
    return max(int(samples.step_ns.max()), 0) / 1e6


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
