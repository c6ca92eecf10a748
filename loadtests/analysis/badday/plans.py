"""Which plans make a bad day."""

from __future__ import annotations

from loadtests.plan import GeneratorPlan


def is_bad(plan: GeneratorPlan) -> bool:
    """Whether anything in a plan is no ordinary load in a steady state."""
    return is_bursting(plan) or has_clients(plan)


def is_bursting(plan: GeneratorPlan) -> bool:
    """Whether its rate changes while it is measured."""
    return any(stream.burst is not None for stream in plan.arrivals)


def has_clients(plan: GeneratorPlan) -> bool:
    """Whether any of its clients is no ordinary one."""
    return any(target.client is not None for target in plan.targets)
