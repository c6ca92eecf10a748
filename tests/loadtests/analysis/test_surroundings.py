"""What a host does to a trial: told where it matters, and only there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from loadtests.analysis.summary import Reason, Trial
from loadtests.analysis.trial import summarize
from loadtests.gates import STEAL_SHARE, STEAL_SHOWN
from tests.loadtests.analysis.measured import (
    DELAY_S,
    HOST_CPU,
    HOST_TCP,
    WINDOW_S,
    Series,
    measured,
)
from tests.loadtests.analysis.saved import usage, with_server

OVERFLOWS, DROPS = HOST_TCP % "ListenOverflows", HOST_TCP % "ListenDrops"
STEAL = HOST_CPU % "steal"


def more(**series: float) -> Callable[[Series], None]:
    names = {"steal": STEAL, "overflows": OVERFLOWS, "drops": DROPS, "delay": DELAY_S}

    def change(last: Series) -> None:
        for name, value in series.items():
            last[names[name]] += value

    return change


def codes(reasons: tuple[Reason, ...]) -> list[str]:
    return [reason.code for reason in reasons]


def served(cpu_s: float, delay_s: float, *, pinned: bool = True) -> Trial:
    """A server that used so much processor time in ten seconds, and waited so long for it."""
    used = usage((5.0, 0.0, 40), (15.0, cpu_s, 40))
    trial = measured(change=more(delay=delay_s - 0.1), pinned=pinned)
    return summarize(with_server(trial, usage=used))


@pytest.mark.parametrize(
    ("share", "against", "known"),
    [
        (0.9 * STEAL_SHOWN, [], []),
        (1.1 * STEAL_SHOWN, [], ["steal"]),
        (0.9 * STEAL_SHARE, [], ["steal"]),
        (1.1 * STEAL_SHARE, ["steal"], []),
    ],
)
def test_what_a_hypervisor_takes_is_shown_and_from_a_twentieth_on_a_reason(
    share: float, against: list[str], known: list[str]
) -> None:
    summary = summarize(measured(change=more(steal=share * WINDOW_S)))

    assert codes(summary.reasons) == against
    assert codes(summary.warnings) == known
    assert summary.valid == (not against)
    for reason in (*summary.reasons, *summary.warnings):
        assert f"{share:.1%} of a processor" in reason.text


def test_where_no_hypervisor_is_told_of_nothing_is_stolen() -> None:
    def change(last: Series) -> None:
        del last[STEAL]

    assert summarize(measured(change=change)).valid


@pytest.mark.parametrize(("overflows", "drops"), [(7.0, 7.0), (0.0, 7.0)])
def test_refused_connections_are_told_of_a_trial_that_stays_valid(
    overflows: float, drops: float
) -> None:
    """To be overloaded is a result."""
    summary = summarize(measured(change=more(overflows=overflows, drops=drops)))

    assert summary.valid
    assert codes(summary.warnings) == ["overflow"]
    assert "refused connections 7 times" in summary.warnings[0].text
    assert "1, 3 and 7 s" in summary.warnings[0].hint


@pytest.mark.parametrize(
    ("cpu_s", "delay_s", "known"),
    [
        # An idle server waits for nobody.
        (0.5, 0.3, []),
        (0.5, 3.0, ["run_queue"]),
        # Half busy: half a thread waits by itself, 0.5² / 0.5, and twice that may be.
        (5.0, 9.0, []),
        (5.0, 12.0, ["run_queue"]),
        # Where the processor is full its own processes wait for each other at any length.
        (9.9, 300.0, []),
        (10.1, 300.0, []),
    ],
)
def test_a_wait_for_the_processor_is_told_where_the_server_cannot_have_made_it(
    cpu_s: float, delay_s: float, known: list[str]
) -> None:
    summary = served(cpu_s, delay_s)

    assert summary.valid
    assert [code for code in codes(summary.warnings) if code != "short"] == known


def test_of_a_server_on_several_processors_nobody_knows_who_it_waited_for() -> None:
    assert codes(served(0.5, 3.0, pinned=False).warnings) == []


def test_the_wait_is_told_beside_what_was_used() -> None:
    (found,) = served(0.5, 3.0).warnings

    assert "had no processor for 30% of the time, while they used 5% of one" in found.text
