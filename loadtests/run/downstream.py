"""The downstream service of one trial: a fresh process, with latencies from the trial's seed."""

from __future__ import annotations

import sys
from pathlib import Path

from loadtests.downstream import Downstream
from loadtests.experiment import Experiment
from loadtests.matrix import TrialSpec, seed_of
from loadtests.plan import Address, GeneratorPlan
from loadtests.results import TrialFolder
from loadtests.run.service import Service
from loadtests.run.world import World


def command(port: int, seed: int, told: Downstream, ledgers: Path | None) -> list[str]:
    """The arguments that start one, the interpreter first."""
    argv = [sys.executable, "-m", "servers.downstream", "--port", str(port), "--seed", str(seed)]
    argv += ["--distribution", told.distribution, "--sigma", f"{told.sigma:g}"]
    argv += ["--failures", f"{told.failure_share:g}", "--concurrency", str(told.concurrency)]
    return argv + (["--uncounted"] if ledgers is None else ["--ledgers", str(ledgers)])


class TrialDownstream:
    """A downstream service that has been started; it must be stopped, whatever happens."""

    def __init__(
        self,
        world: World,
        experiment: Experiment,
        spec: TrialSpec,
        folder: TrialFolder,
        cpus: frozenset[int] | None,
        ledgers: Path | None,
    ) -> None:
        self._world, self._told = world, experiment.downstream or Downstream()
        self._address = Address(world.free_port())
        # Trials that are compared share it, as they share their schedule.
        seed = seed_of(spec.seed, "downstream")
        argv = command(self._address.port, seed, self._told, ledgers)
        name, log = "the downstream service", folder.downstream_log
        self._service = Service(world, name, argv, {}, folder, log, cpus)

    @property
    def root(self) -> str:
        """Where servers find it."""
        return f"http://{self._address.host}:{self._address.port}"

    def await_ready(self) -> None:
        """See Dependency."""
        self._service.await_answer(self._address, "/healthz")

    def follow(self, plan: GeneratorPlan) -> None:
        """Tell it when to stall, where it is to. Raises TrialError where it does not hear."""
        if plan.stall is None:
            return
        from_ns, to_ns = (
            plan.origin_ns + round(at_s * 1e9) for at_s in (plan.stall.from_s, plan.stall.until_s)
        )
        target = f"/stall?from_ns={from_ns}&to_ns={to_ns}"
        answer = self._world.fetch(self._address, target, method="POST")
        if answer is None or answer[0] != 200:
            raise self._service.error("did not hear when it is to stall")

    def look(self) -> None:
        """See Dependency."""
        self._service.require_running("died during the trial")

    def stop(self, grace_s: float) -> None:
        """See Dependency."""
        self._service.stop(grace_s)
