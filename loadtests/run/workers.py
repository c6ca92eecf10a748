"""Finding every worker of a running server, and holding each to what its profile declares.

A server's workers share one listening socket, and the kernel gives a connection to whichever is
awake: asking again may ask the same one for ever. So a worker that has answered is paused until
the others have answered too.
"""

from __future__ import annotations

import json
from typing import Any

from loadtests.plan import Address
from loadtests.run.world import World
from servers.budget import Budget
from servers.profiles import Profile, differences, unverified

DEADLINE_S = 10.0
DEADLINE_S_PER_WORKER = 0.5
PAUSE_S = 0.02


class WorkersError(Exception):
    """A server that is not what its profile declares: each difference, or who did not answer."""


def find_workers(
    world: World, address: Address, profile: Profile, budget: Budget
) -> tuple[tuple[dict[str, Any], ...], tuple[str, ...]]:
    """The facts of all workers in the order of their ids, and the facts that none could tell.

    Raises WorkersError where a worker does not answer or differs from the declaration.
    """
    expected = profile.worker_processes(budget)
    found: dict[int, dict[str, Any]] = {}
    try:
        deadline_ns = world.now_ns() + round(1e9 * (DEADLINE_S + DEADLINE_S_PER_WORKER * expected))
        while len(found) < expected and world.now_ns() < deadline_ns:
            facts = _ask(world, address)
            if facts is None or facts["pid"] in found:
                world.sleep(PAUSE_S)
                continue
            found[facts["pid"]] = facts
            if len(found) < expected:
                world.pause(facts["pid"])
    finally:
        for pid in found:
            world.resume(pid)
    if len(found) < expected:
        raise WorkersError(f"should have {expected} workers, {len(found)} answered")
    declared = profile.facts(budget)
    for facts in found.values():
        if wrong := differences(declared, facts):
            raise WorkersError("is not what it declares: " + "; ".join(wrong))
    untold = {name for facts in found.values() for name in unverified(declared, facts)}
    return tuple(found[pid] for pid in sorted(found)), tuple(sorted(untold))


def _ask(world: World, address: Address) -> dict[str, Any] | None:
    answer = world.fetch(address, "/parity")
    if answer is None or answer[0] != 200:
        return None
    facts: dict[str, Any] = json.loads(answer[1])
    return facts
