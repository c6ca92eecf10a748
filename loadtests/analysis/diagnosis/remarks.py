"""The sentences of the diagnoses, from what was seen."""

from __future__ import annotations

from loadtests.analysis.diagnosis.symptoms import Symptoms
from loadtests.analysis.wording import three_digits

MANY = 10
"""So many do not wait by chance."""
LITTLE = 0.5
"""The most that who only waits uses of a processor."""
SEVERAL = 1.05
"""Processors: more than one, and not by the resolution of a clock."""
POOLS = {
    "processes": ("process pool", "processes"),
    "greenlets": ("greenlet pool", "greenlets"),
    "downstream": ("pool of connections to the downstream service", "connections"),
    "database": ("pool of connections to the database", "connections"),
}
"""What each pool is called, and its places; those that are not here have threads."""


def computing(seen: Symptoms) -> str:
    """The processor is full, and with what."""
    cpu = seen.cpu or 0.0
    several = f"{cpu:.1f} processors are used"
    text = f"computing: {several if cpu >= SEVERAL else f'the processor is used {share(cpu)}'}"
    if seen.own_cpu is not None and seen.own_cpu < LITTLE * cpu:
        text += f", and only {share(seen.own_cpu)} by the requests themselves"
    return text


def contended(seen: Symptoms) -> str:
    """Somebody else has the processor."""
    return (
        f"held up: of its processor it got {share(seen.cpu or 0.0)}, and others had it while "
        f"{seen.ready or 0.0:.2g} of its threads were ready on average"
    )


def holding(seen: Symptoms) -> str:
    """Nobody else gets at the loop meanwhile."""
    return (
        f"one endpoint holds the loop for {seen.at_a_time_ms:.0f} ms at a time: {seen.route}, "
        f"with {share(seen.route_share)} of all that is held"
    )


def waiting(seen: Symptoms) -> str:
    """All slots are taken, and the processor is not."""
    using = "" if seen.cpu is None else f" while using {share(seen.cpu)} of a processor"
    text = f"waiting, not working: {seen.units} occupied {share(seen.occupancy or 0.0)} of the time"
    if seen.accept_queue >= MANY:
        return f"{text}{using}, and up to {seen.accept_queue} connections wait to be accepted"
    return text + using


def pool(seen: Symptoms) -> str:
    """A pool has too few places."""
    name, places = POOLS.get(seen.pool, ("thread pool", "threads"))
    state = "exhausted" if seen.pool_waiting >= MANY or not seen.kept_up else "full at times"
    waited = "1 request" if seen.pool_waiting == 1 else f"{seen.pool_waiting} requests"
    return f"the {name} is {state}: up to {waited} waited for one of its {places}"


def queueing(seen: Symptoms) -> str:
    """Time is lost in front of the application."""
    latency, waits = three_digits(seen.latency_ms), three_digits(seen.queue_ms)
    return f"queueing: of {latency} ms a request waits {waits} ms before the application begins it"


def failing(seen: Symptoms) -> str:
    """Everything is answered, some of it with an error."""
    failed = "1 request" if seen.failed == 1 else f"{seen.failed:,} requests"
    return f"{failed} failed; {occupied(seen)}"


def overloaded(seen: Symptoms) -> str:
    """More is offered than is answered."""
    return (
        f"overloaded: of {three_digits(seen.offered_rps)} requests/s it answers "
        f"{three_digits(seen.achieved_rps)}, and no instrument says by what"
    )


def occupied(seen: Symptoms) -> str:
    """How much of everything is taken."""
    return f"{seen.units} occupied {share(seen.occupancy or 0.0)} of the time{used(seen)}"


def used(seen: Symptoms) -> str:
    """How much of the processor is."""
    return "" if seen.cpu is None else f", and the processor is used {share(seen.cpu)}"


def share(value: float) -> str:
    """A share in percent."""
    return "less than 1%" if 0.0 < value < 0.005 else f"{value:.0%}"
