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
    names = {"steal": STEAL, "overflows": OVERFLOWS, "drops": DROPS}

    def change(last: Series) -> None:
        for name, value in series.items():
            last[names[name]] += value

    return change


def codes(reasons: tuple[Reason, ...]) -> list[str]:
    return [reason.code for reason in reasons]


def served(cpu_s: float, delay_s: float, *, pinned: bool = True, threads: int = 5) -> Trial:
    """A server that used so much processor time in ten seconds, and waited so long for it."""

    def change(last: Series) -> None:
        last[DELAY_S] += delay_s - 0.1
        last['testbed_process_threads{profile="sync",process="11",role="worker"}'] = threads - 1.0
        last['testbed_process_threads{profile="sync",process="9",role="supervisor"}'] = 1.0

    used = usage((5.0, 0.0, 40), (15.0, cpu_s, 40))
    return summarize(with_server(measured(change=change, pinned=pinned), usage=used))


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

    def change(last: Series) -> None:
        more(overflows=overflows, drops=drops)(last)
        last['testbed_accept_queue_max_connections{profile="sync"}'] = 3.0
        last['testbed_accept_queue_limit_connections{profile="sync"}'] = 64.0

    summary = summarize(measured(change=change))

    assert summary.valid
    assert codes(summary.warnings) == ["overflow"]
    assert summary.warnings[0].text == (
        "an accept queue of this host was full: connections were refused 7 times; this server’s "
        "held up to 3 of 64"
    )
    assert "1, 3 and 7 s" in summary.warnings[0].hint


@pytest.mark.parametrize(
    ("cpu_s", "delay_s", "known"),
    [
        # An idle server waits for nobody.
        (0.5, 0.3, []),
        (0.5, 3.0, ["run_queue"]),
        # Four may wait for a fifth while that runs, which is for half of the time.
        (5.0, 19.0, []),
        (5.0, 22.0, ["run_queue"]),
        (9.9, 39.0, []),
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


def test_one_thread_has_nobody_of_its_own_to_wait_for() -> None:
    assert codes(served(5.0, 0.4, threads=1).warnings) == []
    assert codes(served(5.0, 0.6, threads=1).warnings) == ["run_queue"]


def test_the_wait_is_told_beside_what_was_used() -> None:
    (found,) = served(0.5, 3.0).warnings

    assert found.text.startswith("0.3 of the server’s threads were ready and had no processor")
    assert "while they used 5% of one: others used it too" in found.text
