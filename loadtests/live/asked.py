"""What a load asks for, alike whether a class has set it or an experiment had it."""

from __future__ import annotations

from dataclasses import dataclass

from loadtests.workload import ClosedLoad, Load, OpenLoad, Request


@dataclass(frozen=True, slots=True)
class Asked:
    """The requests by weight, and how they come: `rate` a second, or `users` who think."""

    requests: tuple[Request, ...]
    rate: float | None = None
    users: int = 0
    think_s: float = 0.0

    @property
    def computes(self) -> bool:
        """Whether any of its requests needs a processor for long."""
        return any(request.path in ("/cpu", "/cpu-offload") for request in self.requests)


def asked_of(load: Load, requests: tuple[Request, ...]) -> Asked:
    """What a load of an experiment asks for, distributed requests as all of their variants.

    Clients that misbehave ask for nothing that a model knows of.
    """
    good = tuple(v for request in requests for v in request.variants if not v.misbehaves)
    if isinstance(load, OpenLoad):
        total = sum(request.weight for request in requests)
        return Asked(good, rate=load.rate * sum(one.weight for one in good) / total)
    assert isinstance(load, ClosedLoad)
    return Asked(good, users=load.users, think_s=load.think_s)
