"""What the host did to a trial, or the trial to its host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadtests.analysis import outside
from loadtests.analysis.instruments import ServerSide
from loadtests.analysis.scrapes import Scrape, seconds_between
from loadtests.analysis.stations import processor_of, window_s
from loadtests.analysis.summary import Reason, Trial
from loadtests.gates import STEAL_SHARE, STEAL_SHOWN

REFUSED = ("ListenOverflows", "ListenDrops")
AT_MOST = 2.0
"""How many times of what their own number explains the threads of a server may wait."""
WAITING = 0.05
"""Threads that may wait for a processor at any moment, whatever explains it."""


def stolen(scrapes: Sequence[Scrape]) -> Iterator[Reason]:
    """A reason where a hypervisor took so much that a profile may look slower than it is."""
    share = _stolen_share(scrapes)
    if share > STEAL_SHARE:
        yield _steal(share)


def warnings_of(
    trial: Trial, scrapes: Sequence[Scrape], side: ServerSide | None, *, pinned: bool
) -> Iterator[Reason]:
    """What a reader should know of the host; `pinned` servers have one processor for themselves."""
    share = _stolen_share(scrapes)
    if STEAL_SHOWN < share <= STEAL_SHARE:
        yield _steal(share)
    if side is not None:
        yield from _run_queue(trial, side, pinned=pinned)
        yield from _overflow(side)


def _stolen_share(scrapes: Sequence[Scrape]) -> float:
    """Of one processor: where there are several, all of it may have been the server's."""
    seconds = seconds_between(scrapes)
    return (outside.stolen_s(scrapes) or 0.0) / seconds if seconds else 0.0


def _steal(share: float) -> Reason:
    text = f"the hypervisor gave {share:.1%} of a processor’s time to other machines"
    return Reason("steal", text, "run the trial again when they are quieter, or on a real machine")


def _run_queue(trial: Trial, side: ServerSide, *, pinned: bool) -> Iterator[Reason]:
    """More threads waited for the server's processor than its own can explain.

    The threads of a server wait for one another as well. With a processor that they share by time
    slices and that is busy for ρ of the time, ρ²/(1-ρ) of them wait at any moment, whatever each
    has to do: M/G/1 with processor sharing, L. Kleinrock, "Queueing Systems", volume 2, 1976,
    section 4.4. Near saturation that explains any number.
    """
    processor = processor_of(trial)
    if not pinned or processor is None or side.run_queue_delay_s is None:
        return
    busy, waiting = processor.utilisation, side.run_queue_delay_s / window_s(trial)
    if busy < 1.0 and waiting > AT_MOST * busy**2 / (1.0 - busy) + WAITING:
        text = (
            f"the server’s threads were ready and had no processor for {waiting:.0%} of the time, "
            f"while they used {busy:.0%} of one: others used it too"
        )
        yield Reason("run_queue", text, "close other programs, and do not rely on small times")


def _overflow(side: ServerSide) -> Iterator[Reason]:
    """Of the whole host: but nothing else on it should have such trouble meanwhile."""
    refused = {name: side.tcp_events[name] for name in REFUSED if name in side.tcp_events}
    if refused:
        most = max(refused.values())
        text = f"the accept queue was full: the kernel refused connections {most} times"
        hint = "read latencies near 1, 3 and 7 s as those of clients who had to ask again"
        yield Reason("overflow", text, hint)
