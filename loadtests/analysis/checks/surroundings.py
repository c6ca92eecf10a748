"""What the host did to a trial, or the trial to its host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadtests.analysis.checks import outside
from loadtests.analysis.checks.stations import processor_of, window_s
from loadtests.analysis.instruments import ServerSide
from loadtests.analysis.scrapes import Scrape, seconds_between
from loadtests.analysis.summary import Reason, Trial
from loadtests.gates import STEAL_SHARE, STEAL_SHOWN

REFUSED = ("ListenOverflows", "ListenDrops")
WAITING = 0.05
"""Threads that may wait for a processor on average, whatever explains it."""


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
        if pinned:
            yield from _run_queue(trial, side, outside.threads(scrapes))
        yield from _overflow(side)


def _stolen_share(scrapes: Sequence[Scrape]) -> float:
    """Of one processor: where there are several, all of it may have been the server's."""
    seconds = seconds_between(scrapes)
    return (outside.stolen_s(scrapes) or 0.0) / seconds if seconds else 0.0


def _steal(share: float) -> Reason:
    text = f"the hypervisor gave {share:.1%} of a processor’s time to other machines"
    return Reason("steal", text, "run the trial again when they are quieter, or on a real machine")


def _run_queue(trial: Trial, side: ServerSide, threads: int | None) -> Iterator[Reason]:
    """More threads waited for the server's one processor than its own can explain.

    They wait for one another as well: while one of k runs, k - 1 may be ready, and are where a
    connection wakes all of them. The rest is by others.
    """
    processor = processor_of(trial)
    if processor is None or threads is None or side.run_queue_delay_s is None:
        return
    busy, waiting = processor.utilisation, side.run_queue_delay_s / window_s(trial)
    if waiting > busy * (threads - 1) + WAITING:
        text = (
            f"{waiting:.2g} of the server’s threads were ready and had no processor on average, "
            f"while they used {busy:.0%} of one: others used it too"
        )
        yield Reason("run_queue", text, "close other programs, and do not rely on small times")


def _overflow(side: ServerSide) -> Iterator[Reason]:
    """Of the whole host; but hardly anything else on it has such trouble just then."""
    most = max(side.tcp_events.get(name, 0) for name in REFUSED)
    if most:
        text = f"an accept queue of this host was full: connections were refused {most} times"
        if side.accept_queue_max is not None and side.accept_queue_limit is not None:
            text += f"; this server’s held up to {side.accept_queue_max} of "
            text += f"{side.accept_queue_limit}"
        hint = "read latencies near 1, 3 and 7 s as those of clients who had to ask again"
        yield Reason("overflow", text, hint)
