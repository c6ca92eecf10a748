"""Which servers an experiment is to run against: found by their addresses, asked who they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from loadtests.experiment_errors import ExperimentError
from loadtests.run.service import TrialError
from loadtests.run.standing import target_at
from loadtests.run.world import World
from servers.profiles import PROFILES


def table(world: World, servers: Sequence[str], exporter: str, ledgers: Path) -> str:
    """The `standing` table of an experiment: asks each of `servers` for its profile.

    Raises ExperimentError where one does not answer, or two are of one profile.
    """
    found: dict[str, str] = {}
    for url in servers:
        where = url.removeprefix("http://").rstrip("/")
        profile = _profile(world, where)
        if profile in found:
            raise ExperimentError(
                f"{found[profile]} and {where} are both of profile {profile}: name one of them"
            )
        found[profile] = where
    lines = [f"{profile} = {json.dumps(where)}" for profile, where in found.items()]
    watched = exporter.removeprefix("http://").rstrip("/")
    head = f"exporter = {json.dumps(watched)}\nledgers = {json.dumps(str(ledgers))}"
    return "\n".join(["", "[standing]", head, "[standing.servers]", *lines, ""])


def _profile(world: World, where: str) -> str:
    try:
        answer = world.fetch(target_at(where), "/parity")
        profile = json.loads(answer[1])["profile"] if answer and answer[0] == 200 else None
    except TrialError as error:
        raise ExperimentError(str(error)) from None
    except (ValueError, KeyError, TypeError):
        profile = None
    if profile not in PROFILES:
        raise ExperimentError(
            f"http://{where} does not answer as a server of the testbed: start one with "
            "make serve, or the stack with make up"
        )
    return str(profile)
