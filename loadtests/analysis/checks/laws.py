"""Two laws of operation, each held against two measurements of one trial that must agree.

They hold whatever is served and however it queues: where one does not, requests were lost, counted
twice or sent by somebody else, or a clock was wrong.

Little's law, L = λW. J. D. C. Little, "A Proof for the Queuing Formula: L = λW", Operations
Research 9(3), 1961; on a finite window it is exact where of each stay counts what lies in it, as
here: "Little's Law as Viewed on Its 50th Anniversary", Operations Research 59(3), 2011. L is
sampled from outside by the exporter, λ and W are the client's: its answers, and the time in the
application that these told.
The utilisation law, U = XS. P. J. Denning and J. P. Buzen, "The Operational Analysis of Queueing
Network Models", ACM Computing Surveys 10(3), 1978. U is by the workers' own count, X and S by the
client's answers and the hold that these told.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from loadtests.analysis import counters
from loadtests.analysis.checks import outside
from loadtests.analysis.checks.told import EDGE_S, Told, told_of
from loadtests.analysis.decisions import LawCheck
from loadtests.analysis.saved import SavedTrial
from loadtests.analysis.summary import Reason
from loadtests.analysis.wording import three_digits
from loadtests.gates import LAW_LEAST, LAW_MOST
from servers.contract import AT

LITTLE, UTILISATION = "little", "utilisation"
LEAST_REQUESTS = 50
ERRORS = 4.0
"""Standard errors that chance exceeds less than once in ten thousand times."""
ASKING_S = 2e-3
"""What it may add to a request's time in the application, on average, that it is asked for its
split: some ten microseconds, but where threads contend for the interpreter's lock it is what an
asked request loses that more often: 1.0 to 1.9 ms in four trials."""
AFTER = 0.25
"""The part by which the hold after an answer began may differ from the time after it."""
HINT = "do not rely on this trial: run it again, and report this where it happens again"


def laws_of(trial: SavedTrial) -> tuple[LawCheck, ...]:
    """The laws that this trial can be held to; none where it is a matter of chance.

    That is without instruments, with few requests, where the server may be asked by others as
    well, and where the exporter had no processor but the server's: then it never sees it at work.
    """
    if trial.server.standing or not trial.server.pinned or not outside.sampled_s(trial.scrapes):
        return ()
    told = told_of(trial)
    if told is None or told.requests < LEAST_REQUESTS:
        return ()
    # How much of the time after its answer has begun a stream holds nobody is told.
    known = (AT.get((target.method, target.path)) for target in trial.plan.targets)
    streams = any(endpoint is not None and endpoint.streams for endpoint in known)
    return (*_little(trial, told), *(() if streams else _utilisation(trial, told)))


def against(checks: tuple[LawCheck, ...]) -> Iterator[Reason]:
    """A reason for each law that does not hold."""
    for check in checks:
        if not check.holds:
            yield Reason(check.law, check.text, HINT)


def _little(trial: SavedTrial, told: Told) -> Iterator[LawCheck]:
    measured = outside.mean_active(trial.scrapes)
    total_s = told.inside.total + told.requests * told.after_s
    high = told.scale * total_s / told.window_s
    if measured is None or not total_s or told.unknown > LAW_LEAST * high:
        return
    # Of who was not asked it is known only that it took no longer, and not much less long.
    unasked_s = (told.scale - 1.0) * max(total_s - told.requests * ASKING_S, 0.0)
    low = (total_s + unasked_s) / told.window_s
    expected = min(max(measured, low), high)
    chance = (_edges(told) + _unasked(told)) * told.inside.squares
    error = math.sqrt(told.sampling_s2 / told.scale + chance) / total_s
    shown = (
        three_digits(high) if low > 0.99 * high else f"{three_digits(low)} to {three_digits(high)}"
    )
    text = f"{{measured}} requests in the application by samples from outside, {shown} by rate × "
    yield from _check(LITTLE, measured, expected, error, text + "time in it")


def _utilisation(trial: SavedTrial, told: Told) -> Iterator[LawCheck]:
    counted_s = sum(count.hold_s for count in counters.by_worker(trial.scrapes).values())
    measured = counted_s / outside.sampled_s(trial.scrapes)
    after_s = told.requests * told.after_s
    total_s = told.hold.total + after_s
    if not total_s:
        return
    # How long a request holds after its answer has begun is known from its whole stay only.
    squares = told.hold.squares + told.stay.squares
    error = math.sqrt((_edges(told) + 2 * _unasked(told)) * squares) / total_s
    error += AFTER / ERRORS * after_s / total_s
    text = "{measured} occupied by the workers’ own count, {expected} by rate × hold"
    expected = told.scale * total_s / told.window_s
    yield from _check(UTILISATION, measured, expected, error, text)


def _check(
    law: str, measured: float, expected: float, error: float, text: str
) -> Iterator[LawCheck]:
    tolerance = max(LAW_LEAST, ERRORS * error)
    if tolerance > LAW_MOST:
        return
    # No zero below zero.
    found = round(measured / expected - 1.0, 4) + 0.0
    figures = text.format(measured=three_digits(measured), expected=three_digits(expected))
    yield LawCheck(
        law=law,
        expected=round(expected, 4),
        measured=round(measured, 4),
        discrepancy=found,
        tolerance=round(tolerance, 4),
        text=f"{figures}: {round(found, 3) + 0.0:+.1%} apart, tolerance {tolerance:.0%}",
    )


def _edges(told: Told) -> float:
    """The share of requests that are in the window of one side and not in that of the other."""
    return 2 * EDGE_S / told.window_s


def _unasked(told: Told) -> float:
    """The part of the variance that comes from not asking every request."""
    return 1.0 - 1.0 / told.scale
