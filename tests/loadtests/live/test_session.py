"""The session, with twins and loads that only note what is asked of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from loadtests.live.controls import Controls
from loadtests.live.presets import PRESETS
from loadtests.live.seen import Seen, Server, Waiting
from loadtests.live.session import Session
from loadtests.plan import Address
from loadtests.workload import Request
from servers.budget import Budget


class FakeTwin:
    """A server that is ready at the second look after its start."""

    def __init__(self, profile: str) -> None:
        self.profile, self.address, self.state, self.why = profile, Address(1), "ended", ""
        self.budget = Budget()
        self.starts: list[Budget] = []
        self.looks = 0

    def start(self, budget: Budget) -> None:
        self.starts.append(budget)
        self.budget, self.state, self.why, self.looks = budget, "starting", "", 0

    def attend(self) -> bool:
        self.looks += 1
        if self.state == "starting" and self.looks == 2:
            self.state = "running"
            return True
        return False

    def server(self) -> Server:
        return Server()


class DyingTwin(FakeTwin):
    """One that ends when it is told to."""

    dies = False

    def attend(self) -> bool:
        if self.dies:
            self.state, self.why = "ended", "ended with exit code 3"
            return False
        return super().attend()


class FakeLoad:
    """A load that notes what it was asked for."""

    tripped: Sequence[str] = ()

    def __init__(self) -> None:
        self.asked: list[tuple[Controls, str, int] | None] = []
        self.singles: list[tuple[Request, int]] = []
        self.ended: list[Seen] = []
        self.under_way: list[Waiting] = []

    def begin(self, controls: Controls, seed: str, start_ns: int) -> None:
        self.asked.append((controls, seed, start_ns))

    def once(self, request: Request, at_ns: int) -> None:
        self.singles.append((request, at_ns))

    def stop(self) -> None:
        self.asked.append(None)

    def loads(self) -> bool:
        return bool(self.asked) and self.asked[-1] is not None

    def news(self) -> list[Seen]:
        found, self.ended = self.ended, []
        return found

    def waiting(self) -> list[Waiting]:
        return self.under_way


class Bench:
    """A session, its two twins and loads, a clock, and what was said."""

    def __init__(self) -> None:
        self.now_ms = 0.0
        self.said: list[Mapping[str, Any]] = []
        self.twins = [DyingTwin("gthread"), DyingTwin("uvloop")]
        self.loads = [FakeLoad(), FakeLoad()]
        self.session = Session(
            self.twins, self.loads, self.said.append, lambda: round(self.now_ms * 1e6)  # type: ignore[arg-type]
        )  # fmt: skip
        self.session.start()

    def pass_s(self, seconds: float) -> None:
        for _ in range(round(seconds * 4)):
            self.now_ms += 250.0
            self.session.tick()

    def ask(self, **command: object) -> str:
        self.session.obey({"id": 7, **command})
        answer = self.said[-1]
        assert answer["answer"] == 7
        return str(answer["error"])

    @property
    def frame(self) -> Mapping[str, Any]:
        return next(one for one in reversed(self.said) if "frame" in one)


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.pass_s(1)
    return made


def test_it_says_first_what_there_is(bench: Bench) -> None:
    hello = bench.said[0]["hello"]

    assert [twin["profile"] for twin in hello["twins"]] == ["gthread", "uvloop"]
    assert hello["bounds"]["rate"] == {"minimum": 1, "maximum": 500}
    assert [preset["key"] for preset in hello["presets"]] == list("12345")


def test_the_load_begins_when_a_twin_is_ready_and_not_before() -> None:
    bench = Bench()
    bench.pass_s(0.25)
    assert [load.asked for load in bench.loads] == [[None], [None]]

    bench.pass_s(0.25)

    assert bench.frame["twins"][0]["state"] == "running"
    assert [len(load.asked) for load in bench.loads] == [2, 2]


def test_a_change_reaches_both_twins_with_the_same_seed_and_moment(bench: Bench) -> None:
    assert bench.ask(do="set", controls={"rate": 123}) == ""

    left, right = (load.asked[-1] for load in bench.loads)
    assert left == right
    assert left is not None
    assert left[0].rate == 123
    assert left[2] > bench.now_ms * 1e6
    bench.pass_s(0.25)
    assert bench.frame["controls"]["rate"] == 123
    # Nobody was restarted for it.
    assert [len(twin.starts) for twin in bench.twins] == [1, 1]


def test_every_load_has_arrivals_of_its_own(bench: Bench) -> None:
    bench.ask(do="set", controls={"rate": 50})
    bench.ask(do="set", controls={"rate": 60})

    seeds = [asked[1] for asked in bench.loads[0].asked if asked]
    assert len(set(seeds)) == len(seeds)


def test_another_number_of_workers_restarts_both_and_their_load_waits(bench: Bench) -> None:
    bench.ask(do="set", controls={"workers": 2, "slots": 3})

    assert [twin.starts[-1] for twin in bench.twins] == [Budget(slots=3, workers=2)] * 2
    assert [load.asked[-1] for load in bench.loads] == [None, None]
    bench.pass_s(0.5)
    assert all(load.asked[-1] is not None for load in bench.loads)


def test_another_number_of_threads_is_no_matter_of_a_loop(bench: Bench) -> None:
    bench.ask(do="set", controls={"slots": 3})

    assert [len(twin.starts) for twin in bench.twins] == [2, 1]
    assert [load.loads() for load in bench.loads] == [False, True]
    bench.pass_s(0.5)
    assert [load.loads() for load in bench.loads] == [True, True]
    left, right = (load.asked[-1] for load in bench.loads)
    assert left is not None
    assert right is not None
    assert left[:2] == right[:2]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ({"do": "set", "controls": {"rate": 501}}, "rate is 501"),
        ({"do": "set", "controls": {"rate": 0}}, "rate is 0"),
        ({"do": "set", "controls": {"workload": "rm"}}, "workload is 'rm'"),
        ({"do": "set", "controls": {"hack": 1}}, "hack is not a key here"),
        ({"do": "set"}, "controls are missing"),
        ({"do": "set", "controls": [1]}, "controls are missing"),
        ({"do": "preset", "name": "none"}, "no preset 'none'"),
        ({"do": "preset"}, "no preset None"),
        ({"do": "restart", "twin": 2}, "no twin 2"),
        ({"do": "restart", "twin": True}, "no twin True"),
        ({"do": "restart", "twin": -1}, "no twin -1"),
        ({"do": "dance"}, "'dance' is not known here"),
        ({"do": ["set"]}, "is not known here"),
        ({}, "None is not known here"),
    ],
)
def test_what_is_refused_changes_nothing(
    bench: Bench, command: dict[str, object], words: str
) -> None:
    before = [len(load.asked) for load in bench.loads]

    assert words in bench.ask(**command)

    assert [len(load.asked) for load in bench.loads] == before
    assert [len(twin.starts) for twin in bench.twins] == [1, 1]
    bench.pass_s(0.25)
    assert bench.frame["controls"] == Controls().model_dump()


def test_a_preset_takes_its_steps_at_their_moments(bench: Bench) -> None:
    assert bench.ask(do="preset", name="burst") == ""
    rates = []
    for _ in range(9):
        bench.pass_s(1)
        rates.append(bench.frame["controls"]["rate"])

    assert rates == [30, 30, 30, 30, 300, 300, 30, 30, 30]
    assert bench.frame["preset"] == "burst"


def test_one_slow_request_goes_to_both_at_once(bench: Bench) -> None:
    bench.ask(do="preset", name="one slow request")
    bench.pass_s(4)
    assert [load.singles for load in bench.loads] == [[], []]
    bench.pass_s(2)

    left, right = (load.singles for load in bench.loads)
    assert left == right
    assert [request.url for request, _ in left] == ["/wait?ms=3000"]


def test_a_lecture_begins_with_empty_queues(bench: Bench) -> None:
    bench.loads[0].under_way = [Waiting(n, False) for n in range(900, 950)]
    bench.pass_s(0.25)
    bench.ask(do="preset", name="burst")

    assert [len(twin.starts) for twin in bench.twins] == [2, 1]


def test_a_hand_at_a_control_ends_a_preset(bench: Bench) -> None:
    bench.ask(do="preset", name="burst")
    bench.pass_s(1)
    bench.ask(do="set", controls={"rate": 77})
    bench.pass_s(10)

    assert (bench.frame["controls"]["rate"], bench.frame["preset"]) == (77, "")


def test_where_nobody_watches_there_is_no_load_and_no_frame(bench: Bench) -> None:
    bench.ask(do="watch", on=False)
    said = len(bench.said)
    bench.pass_s(5)

    assert [load.asked[-1] for load in bench.loads] == [None, None]
    assert len(bench.said) == said
    # A change while nobody watches waits until somebody does.
    bench.ask(do="set", controls={"rate": 9})
    assert [load.asked[-1] for load in bench.loads] == [None, None]
    bench.ask(do="watch", on=True)
    assert all(load.asked[-1] and load.asked[-1][0].rate == 9 for load in bench.loads)
    bench.pass_s(0.25)
    assert "frame" in bench.said[-1]


def test_a_twin_that_ends_is_shown_and_can_be_started_again(bench: Bench) -> None:
    bench.twins[0].dies = True
    bench.pass_s(0.25)

    dead, other = bench.frame["twins"]
    assert (dead["state"], dead["why"]) == ("ended", "ended with exit code 3")
    assert other["state"] == "running"
    assert not bench.loads[0].loads()
    assert bench.loads[1].loads()

    bench.twins[0].dies = False
    assert bench.ask(do="restart", twin=0) == ""
    bench.pass_s(0.5)
    assert bench.frame["twins"][0]["state"] == "running"
    assert bench.loads[0].loads()
    assert [len(twin.starts) for twin in bench.twins] == [2, 1]


def test_requests_of_a_server_that_is_gone_are_not_the_new_one_s(bench: Bench) -> None:
    old = Seen(500, 500, 501, 899, 900, 1.0, 1.0, 1.0, 1, "/wait", False, True)
    bench.ask(do="restart", twin=0)
    bench.loads[0].ended = [old]
    bench.pass_s(0.25)

    assert bench.frame["twins"][0]["bars"] == []
    assert bench.frame["twins"][0]["answered_rps"] == 0.0


def test_a_gate_that_is_up_is_a_banner(bench: Bench) -> None:
    assert bench.frame["banner"] == ""
    bench.loads[1].tripped = ("failures",)
    bench.pass_s(0.25)
    assert bench.frame["banner"] == ""
    bench.loads[1].tripped = ("host_busy",)
    bench.pass_s(0.25)

    assert "processors" in bench.frame["banner"]


def test_every_preset_can_be_played(bench: Bench) -> None:
    for preset in PRESETS:
        assert bench.ask(do="preset", name=preset.name) == ""
        bench.pass_s(preset.steps[-1].after_s + 1)
        assert bench.frame["preset"] == preset.name
        assert bench.frame["next_step_ms"] is None
