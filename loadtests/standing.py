"""Servers that run already, as an experiment names them: it is then about these only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from loadtests.experiment_errors import ExperimentError
from loadtests.plan import Record

HostPort = Annotated[str, Field(pattern=r"^[^/:\s]+:\d{1,5}$")]


class Standing(Record, strict=True):
    """Servers by profile as `host:port`, their exporter, and the folder of its ledgers."""

    servers: dict[str, HostPort] = Field(min_length=1)
    exporter: HostPort
    ledgers: str


def narrowed(data: Mapping[str, Any], source: str) -> Mapping[str, Any]:
    """An experiment, not validated yet, with the profiles of its standing servers and no others.

    A workload for other profiles only is left out. Raises ExperimentError where nothing is left.
    """
    try:
        servers = tuple(data["standing"]["servers"])
        wanted = tuple(data["profiles"])
        workloads = [(one, tuple(one.get("profiles", ()))) for one in data["workloads"]]
    except (KeyError, TypeError, AttributeError):
        # None of them, or a fault that the validation names.
        return data
    profiles = [name for name in wanted if name in servers]
    if servers and wanted and not profiles:
        raise ExperimentError(
            f"{source}: the servers that run are of {', '.join(servers)}, the experiment is about "
            f"{', '.join(map(str, wanted))}: start one of these"
        )
    left = [
        {**one, "profiles": [name for name in named if name in servers]}
        for one, named in workloads
        if not named or set(named) & set(servers)
    ]
    twice = [name for name in data.get("twice", ()) if name in servers]
    return {**data, "profiles": profiles, "workloads": left, "twice": twice}
