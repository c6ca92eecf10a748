"""Whether every profile can share the connections of a budget evenly among its processes."""

from __future__ import annotations

from collections.abc import Iterable

from servers.budget import Budget
from servers.profiles import PROFILES


def require_even(budget: Budget, profiles: Iterable[str]) -> None:
    """Raise ValueError where a profile has processes that would have more than others, or none.

    All profiles then have the same number of connections in all.
    """
    total = budget.database_connections
    shares = {name: PROFILES[name].worker_processes(budget) for name in profiles}
    for name, processes in shares.items():
        if total % processes:
            fitting = -(-total // processes) * processes
            raise ValueError(
                f"budget.database_connections is {total}, which the {processes} processes of "
                f"{name} cannot share evenly: give a multiple of {processes}, such as {fitting}"
            )
