"""The decision card: which way of serving to choose for a request as described, and why."""

from __future__ import annotations

from dataclasses import dataclass

from loadtests.analysis.advice_basis import PREFERENCE, Basis
from loadtests.analysis.advice_model import (
    COPY_MS_PER_KB,
    Offer,
    Question,
    choose,
    level,
    offers,
)
from loadtests.analysis.advice_turns import crossover
from loadtests.analysis.claims.words import capital, figure, listed, ms, rps

SURE = 1.25
"""What two ways must differ by, for predictions may be off by 15 %."""
NOTABLE = 0.1


@dataclass(frozen=True, slots=True)
class Answer:
    """What to choose for a request that was described, why, and how sure that is.

    `choice` and `sure` are as in Advice. `offers` are all ways that the run measured, best first.
    """

    question: Question
    choice: str
    sure: str
    why: str
    doubt: str
    crossover: str
    offers: tuple[Offer, ...]


def answer(question: Question, basis: Basis) -> Answer:
    """The choice for a request, from what a run measured: one way of serving at least."""
    found = offers(question, basis)
    n = question.concurrency
    ordered = sorted(found, key=lambda o: (o.latency_ms(n), PREFERENCE.index(o.choice)))
    choice = choose(found, n)
    sure, doubt = _sure(question, found, choice)
    return Answer(
        question=question,
        choice=choice,
        sure=sure,
        why=_why(question, found, choice, basis.slots),
        doubt=doubt,
        crossover=crossover(question, basis),
        offers=tuple(ordered),
    )


def _sure(question: Question, found: tuple[Offer, ...], choice: str) -> tuple[str, str]:
    n = question.concurrency
    within = level(found, n)
    others = [offer for offer in found if offer not in within]
    if len(found) < 2:
        return "unsure", "the run has only one way of serving to choose from"
    if others:
        margin = min(o.latency_ms(n) for o in others) / min(o.latency_ms(n) for o in within)
        if margin < SURE:
            return "unsure", f"the next is only {figure(100 * (margin - 1))} % slower"
    own_ms = min(1000.0 / offer.capacity_rps for offer in found)
    if COPY_MS_PER_KB * question.payload_kb > NOTABLE * own_ms:
        return "unsure", "the cost of so large an answer is assumed: 1 ms for each MB"
    if question.blocking and choice == "greenlets":
        return "unsure", "greenlets help only where the call can be patched"
    decisive = [offer for offer in found if offer.choice == choice] or list(found)
    if all(offer.measured for offer in (*decisive, *others)):
        return "measured", "the run searched for these capacities"
    return (
        "predicted",
        "from the processor time that the run measured, by bounds of queueing theory",
    )


def _why(question: Question, found: tuple[Offer, ...], choice: str, slots: int) -> str:
    n = question.concurrency
    asked = "1 request takes" if n == 1 else f"{n} requests at once take"
    within = level(found, n)
    if choice == "any":
        worst = max(offer.latency_ms(n) for offer in found)
        limits = {offer.limit for offer in found if offer.latency_ms(n) > offer.alone_ms}
        shared = limits.pop() if len(limits) == 1 else ""
        ended = f" {capital(_ended(shared, slots, question))}." if shared == "connections" else ""
        return f"{asked} about {ms(worst)} with any of them: no visible difference.{ended}"
    best = next(offer for offer in found if offer.choice == choice)
    told = [f"With {choice}, {asked} {ms(best.latency_ms(n))}"]
    alike = [offer.choice for offer in within if offer is not best]
    if alike:
        told.append(f"no visible difference from {listed(alike)}")
    by_limit: dict[str, list[Offer]] = {}
    for offer in found:
        if offer not in within:
            by_limit.setdefault(offer.limit, []).append(offer)
    for limit, those in by_limit.items():
        names = listed([offer.choice for offer in those])
        capacity = min(offer.capacity_rps for offer in those)
        told.append(f"{names}: {_ended(limit, slots, question)} at {rps(capacity)}")
    return "; ".join(told) + "."


def _ended(limit: str, slots: int, question: Question) -> str:
    return {
        "slots": f"{slots} slots are full",
        "threads": f"{slots} threads of the pool are full",
        "loop": "each request holds the loop, which is full",
        "cpu": "the processor is full",
        "connections": f"{question.connections} connections are full",
    }[limit]
