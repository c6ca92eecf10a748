"""What each way of serving can do with a request that is described: bounds, not simulations.

The bounds are those of operational analysis (P. J. Denning and J. P. Buzen, "The operational
analysis of queueing network models", ACM Computing Surveys 10(3), 1978; E. D. Lazowska et al.,
"Quantitative System Performance", 1984, section 5.2): a server answers at most what its bottleneck
does, and N requests in hand take at least as long as one alone and N / capacity. Near the bend of
the two, real queues take longer; predictions.json has models that say how much.

Every server has one processor, as in the runs that the evidence comes from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from loadtests.analysis.advice_basis import PREFERENCE, Basis, Measured, Server

COPY_MS_PER_KB = 0.001
"""Assumed, not measured: an answer is copied at about 1 GB/s on its way."""
LEVEL = 1.1
ALIKE = 0.1
"""How far a measured wait may be from the one that is asked about, as a share of it."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request, and how many of it are in hand at once.

    `cpu_ms` it computes in all. It makes `fan_out` calls to others, each of which takes `wait_ms`:
    one after another where the program is synchronous, at once where it is not. With `blocking`
    these calls cannot be awaited (nor patched for greenlets): they hold the thread that makes them.
    Each call keeps one of so many `connections` of the server meanwhile; 0 is any number.
    """

    cpu_ms: float
    wait_ms: float
    fan_out: int = 1
    concurrency: int = 1
    blocking: bool = False
    payload_kb: float = 1.0
    connections: int = 0

    @property
    def in_turn_ms(self) -> float:
        """All calls one after another."""
        return self.wait_ms * self.fan_out

    @property
    def at_once_ms(self) -> float:
        """All calls at the same time."""
        return self.wait_ms if self.fan_out else 0.0


@dataclass(frozen=True, slots=True)
class Offer:
    """What one way of serving can do with it.

    `alone_ms` is the latency of a request that meets no other, `capacity_rps` the most that is
    answered, and `limit` what ends it: `slots`, `cpu`, `loop` (which is held), `threads` or
    `connections`.
    """

    choice: str
    profile: str
    alone_ms: float
    capacity_rps: float
    limit: str
    measured: bool = False

    def latency_ms(self, concurrency: int) -> float:
        """The least that so many requests in hand take."""
        return max(self.alone_ms, 1000.0 * concurrency / self.capacity_rps)

    def answered_rps(self, concurrency: int) -> float:
        """The most of them that are answered."""
        return min(1000.0 * concurrency / self.alone_ms, self.capacity_rps)


def offers(question: Question, basis: Basis) -> tuple[Offer, ...]:
    """What each way of serving of a run can do: a capacity is measured where the run has it."""
    return tuple(_offer(question, server, basis) for server in basis.servers)


def choose(found: tuple[Offer, ...], concurrency: int) -> str:
    """The way with the least latency for so many in hand: `any` where all are within 10 %.

    Of several within 10 % of the best, the first in PREFERENCE.
    """
    within = level(found, concurrency)
    if len(within) == len(found) > 1:
        return "any"
    return min((offer.choice for offer in within), key=PREFERENCE.index)


def level(found: tuple[Offer, ...], concurrency: int) -> tuple[Offer, ...]:
    """Those whose latency is within 10 % of the least."""
    least = min(offer.latency_ms(concurrency) for offer in found)
    return tuple(offer for offer in found if offer.latency_ms(concurrency) <= LEVEL * least)


def _offer(question: Question, server: Server, basis: Basis) -> Offer:
    cpu_ms = server.own_ms + question.cpu_ms + COPY_MS_PER_KB * question.payload_kb
    cpu_ms += server.call_ms * question.fan_out
    alone_ms, limits = _limits(question, server.choice, cpu_ms, basis.slots)
    if question.connections:
        limits["connections"] = _rate(question.connections, question.in_turn_ms)
    limit = min(limits, key=lambda name: limits[name])
    for known in basis.measured:
        if known.choice == server.choice and _is_alike(question, known, server):
            rate_rps = known.capacity.rate_rps
            return Offer(server.choice, server.profile, alone_ms, rate_rps, limit, measured=True)
    return Offer(server.choice, server.profile, alone_ms, limits[limit], limit)


def _limits(
    question: Question, choice: str, cpu_ms: float, slots: int
) -> tuple[float, dict[str, float]]:
    """The latency alone, and the capacity that each resource leaves, in requests/s."""
    cpu = {"cpu": _rate(1, cpu_ms)}
    in_turn_ms, at_once_ms = cpu_ms + question.in_turn_ms, cpu_ms + question.at_once_ms
    if choice in ("sync", "threads"):
        return in_turn_ms, {"slots": _rate(slots, in_turn_ms), **cpu}
    if question.blocking and choice == "hybrid":
        # Its threads make the calls: at once as far as there are threads.
        rounds = math.ceil(question.fan_out / slots)
        threads = _rate(slots, question.in_turn_ms)
        return cpu_ms + rounds * question.wait_ms, {"threads": threads, **cpu}
    if question.blocking:
        return in_turn_ms, {"loop": _rate(1, in_turn_ms)}
    return (in_turn_ms if choice == "greenlets" else at_once_ms), cpu


def _rate(servers: int, service_ms: float) -> float:
    return 1000.0 * servers / service_ms if service_ms > 0.0 else math.inf


def _is_alike(question: Question, known: Measured, server: Server) -> bool:
    """Whether the run measured such requests: one wait of about that time, and little else."""
    own_ms, alone = server.own_ms, question.fan_out == 1 and not question.connections
    near = abs(known.ms - question.wait_ms) <= ALIKE * question.wait_ms
    little = question.cpu_ms + server.call_ms <= ALIKE * own_ms
    return near and little and alone and known.blocking == question.blocking
